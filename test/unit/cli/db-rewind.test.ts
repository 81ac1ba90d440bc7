// `rekindle db rewind` on real databases: what goes, what stays, and everything that is refused.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { rewindDirectory } from '../../../src/cli/db-rewind.ts'
import { signChain, signChild } from '../../support/signed-chain.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  type NodeFiles,
  persistAll,
  plainRef,
  signAll,
  snapshot,
  writeNodeFiles
} from './exit-fixture.ts'

describe('db rewind', () => {
  const directory = useTemporaryDirectory()
  let node: NodeFiles
  let genesis: Block
  let chain: SignedBlock[]
  let above: SignedBlock
  let beside: SignedBlock

  async function begin(role: 'sequencer' | 'backup' = 'backup') {
    node = await writeNodeFiles(directory.path, role)
    await node.stores(async (stores) => {
      genesis = stores.genesis
      chain = signChain(genesis, 5, { transactionsCount: 1 })
      above = signChild(chain[4]!)
      beside = signChild(chain[2]!, { salt: 7 })
      await persistAll(stores, chain)
      await stores.accepted.accept([above, beside])
    })
  }

  const hashes = () => [...chain, above, beside].map(({ hash }) => hash)

  it('goes back, sets aside what was above and what stands on it, and keeps the rest', async () => {
    await begin()
    const { exitCode, stderr, done } = await node.run(rewindDirectory, {
      to: '2',
      confirm: chain[4]!.hash
    })
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /giving up 5 blocks from 3 \(0x/)
    assert.deepEqual(done?.head, { number: 2, hash: chain[1]!.hash })
    assert.equal(done?.setAsideCount, 5)
    const after = await snapshot(node, hashes())
    assert.deepEqual(after.head, plainRef(chain[1]!))
    // `beside` stood on block 3, which went.
    const gone = 'rewound'
    assert.deepEqual(after.setAside, [undefined, undefined, gone, gone, gone, gone, gone])
    assert.deepEqual(after.highest, plainRef(chain[1]!))
    await node.stores(({ blocks }) => {
      assert.equal(blocks.canonicalHash(3n), undefined)
      assert.equal(blocks.blockByNumber(2n)?.hash, chain[1]!.hash)
    })
  })

  it('keeps a branch that stands on the new head', async () => {
    await begin()
    const run = await node.run(rewindDirectory, {
      to: '3',
      confirm: chain[4]!.hash.toUpperCase().replace('0X', '0x')
    })
    assert.equal(run.exitCode, 0, run.stderr)
    const after = await snapshot(node, [beside.hash, above.hash])
    assert.deepEqual(after.setAside, [undefined, 'rewound'])
    assert.deepEqual(after.highest, plainRef(beside))
  })

  it('forgets where the transactions of the blocks stood, and rewinds to genesis too', async () => {
    await begin()
    const run = await node.run(rewindDirectory, { to: '0', confirm: chain[4]!.hash })
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual((await snapshot(node, [])).head, plainRef(genesis))
    await node.stores(async (stores) => {
      const other = signChain(genesis, 5, { salt: 9, transactionsCount: 1 })
      await persistAll(stores, other)
      assert.equal(stores.blocks.head().hash, other[4]!.hash)
    })
  })

  for (const [name, flags, words] of [
    ['a wrong hash', { to: '2', confirm: `0x${'11'.repeat(32)}` }, /--confirm must name the head/],
    ['no hash', { to: '2', confirm: undefined }, /--confirm must be a block hash.*missing/],
    ['half a hash', { to: '2', confirm: '0x1234' }, /--confirm must be a block hash/],
    ['no height', { to: undefined, confirm: undefined }, /--to must be a block number.*missing/],
    ['a negative height', { to: '-1', confirm: undefined }, /--to must be a block number/],
    ['a height in words', { to: 'two', confirm: undefined }, /--to must be a block number/],
    ['the head itself', { to: '5', confirm: undefined }, /nothing above 5/],
    ['a height above the head', { to: '9', confirm: undefined }, /nothing above 9/]
  ] as const) {
    it(`refuses ${name} and changes nothing`, async () => {
      await begin()
      const before = await snapshot(node, hashes())
      const { exitCode, stderr, done } = await node.run(rewindDirectory, flags)
      assert.equal(exitCode, 2)
      assert.equal(done, undefined)
      assert.match(stderr, words)
      assert.deepEqual(await snapshot(node, hashes()), before)
    })
  }

  it('refuses a sequencer, a node that runs, and a directory without a chain', async () => {
    await begin('sequencer')
    const flags = () => ({ to: '2', confirm: chain[4]!.hash })
    const refused = await node.run(rewindDirectory, flags())
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /a sequencer does not go back/)
    await node.stores(async () => {
      const locked = await node.run(rewindDirectory, flags())
      assert.equal(locked.exitCode, 2)
      assert.match(locked.stderr, /store-locked/)
    })
  })

  it('takes the role that it is told before that of the config, as run does', async () => {
    await begin('sequencer')
    const flags = { to: '2', confirm: chain[4]!.hash, role: 'backup' }
    const { exitCode, stderr } = await node.run(rewindDirectory, flags)
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual((await snapshot(node, [])).head, plainRef(chain[1]!))
  })

  for (const role of ['backup', undefined] as const) {
    it(`refuses ${role === undefined ? 'a backup' : 'what is told to be a backup'} whose signed record lies there`, async () => {
      await begin(role === undefined ? 'backup' : 'sequencer')
      const record = { sequencerKeyFile: 'keys/sequencer.key' }
      const text = await readFile(node.configFile, 'utf8')
      await writeFile(
        node.configFile,
        JSON.stringify({ ...(JSON.parse(text) as object), ...record })
      )
      await signAll(node, genesis, chain)
      const before = await snapshot(node, hashes())
      const flags = { to: '2', confirm: chain[4]!.hash, role }
      const { exitCode, stderr } = await node.run(rewindDirectory, flags)
      assert.equal(exitCode, 2)
      assert.match(stderr, /the signed record .*keys\/signed-record is still here/)
      assert.deepEqual(await snapshot(node, hashes()), before)
    })
  }

  it('makes no chain where there is none', async () => {
    node = await writeNodeFiles(directory.path, 'backup')
    const { exitCode, stderr } = await node.run(rewindDirectory, { to: '0', confirm: undefined })
    assert.equal(exitCode, 2)
    assert.match(stderr, /there is no chain in/)
  })
})
