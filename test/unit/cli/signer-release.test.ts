// `rekindle signer release` on a real record: what becomes free, what is set aside, and what is refused.
import assert from 'node:assert/strict'
import { readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { releaseHeights } from '../../../src/cli/signer-release.ts'
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

describe('signer release', () => {
  const directory = useTemporaryDirectory()
  let node: NodeFiles
  let chain: SignedBlock[]

  /** The record holds 1 to 5, the databases 1 to 3, and block 4 as accepted. */
  async function begin(config: Readonly<Record<string, unknown>> = {}) {
    node = await writeNodeFiles(directory.path, 'sequencer', config)
    const genesis = await node.stores(async (stores) => {
      chain = signChain(stores.genesis, 5)
      await persistAll(stores, chain.slice(0, 3))
      await stores.accepted.accept([chain[3]!])
      return plainRef(stores.genesis)
    })
    if (config.signedRecord !== 'off') await signAll(node, genesis, chain)
  }

  const watched = () => chain.map(({ hash }) => hash)

  it('frees the heights, sets the blocks aside, and lets the key sign there again', async () => {
    await begin()
    const flags = { above: '3', confirm: chain[4]!.hash }
    const { exitCode, stderr, done } = await node.run(releaseHeights, flags)
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /giving up 2 blocks from 4 \(0x/)
    assert.deepEqual(done?.tip, { number: 3, hash: chain[2]!.hash })
    const after = await snapshot(node, watched())
    const free = 'released'
    assert.deepEqual(after.setAside, [undefined, undefined, undefined, free, free])
    assert.deepEqual(after.highest, plainRef(chain[2]!))
    const other = signChild(chain[2]!, { salt: 8 })
    await node.record(async (record) => {
      const { number, hash, version, message } = other
      await record.append({ number, hash, version, message }, () => undefined)
      assert.deepEqual(record.tip, plainRef(other))
    })
  })

  it('takes the role that it is told before that of the config, as run does', async () => {
    await begin({ role: 'backup' })
    const flags = { above: '3', confirm: chain[4]!.hash }
    const asBackup = await node.run(releaseHeights, flags)
    assert.equal(asBackup.exitCode, 2)
    assert.match(asBackup.stderr, /a backup signs nothing/)
    const { exitCode, stderr, done } = await node.run(releaseHeights, {
      ...flags,
      role: 'sequencer'
    })
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(done?.tip, { number: 3, hash: chain[2]!.hash })
  })

  it('refuses a record whose last entry is torn, and says what to do', async () => {
    await begin()
    const path = join(directory.path, 'keys/signed-record')
    const bytes = await readFile(path)
    await truncate(path, bytes.length - 3)
    const flags = { above: '3', confirm: chain[3]!.hash }
    const { exitCode, stderr } = await node.run(releaseHeights, flags)
    assert.equal(exitCode, 2)
    assert.match(stderr, /is torn: move the record away/)
    assert.deepEqual(await readFile(path), bytes.subarray(0, bytes.length - 3))
  })

  for (const [name, above, confirm, words] of [
    ['a wrong hash', '3', `0x${'11'.repeat(32)}`, /--confirm must name the last block/],
    ['no hash', '3', undefined, /--confirm must be a block hash/],
    ['half a hash', '3', '0x99', /--confirm must be a block hash/],
    ['no height', undefined, undefined, /--above must be a block number/],
    ['a height that is none', '3.5', undefined, /--above must be a block number/],
    ['the last height', '5', undefined, /bars no height above 5: its last block is 5/],
    ['heights of our own chain', '2', undefined, /our own chain goes up to block 3/]
  ] as const) {
    it(`refuses ${name} and changes nothing`, async () => {
      await begin()
      const before = await snapshot(node, watched())
      const { exitCode, stderr, done } = await node.run(releaseHeights, { above, confirm })
      assert.equal(exitCode, 2)
      assert.equal(done, undefined)
      assert.match(stderr, words)
      assert.deepEqual(await snapshot(node, watched()), before)
      await node.record((record) => assert.deepEqual(record.tip, plainRef(chain[4]!)))
    })
  }

  it('refuses when the record is off', async () => {
    await begin({ signedRecord: 'off' })
    const off = await node.run(releaseHeights, { above: '3', confirm: undefined })
    assert.equal(off.exitCode, 2)
    assert.match(off.stderr, /the signed record is off/)
  })

  it('refuses while the node runs, with its key or with its databases', async () => {
    await begin()
    const flags = { above: '3', confirm: chain[4]!.hash }
    await node.stores(async () => {
      const { exitCode, stderr } = await node.run(releaseHeights, flags)
      assert.equal(exitCode, 2)
      assert.match(stderr, /store-locked/)
    })
    await node.record(async () => {
      const { exitCode, stderr } = await node.run(releaseHeights, flags)
      assert.equal(exitCode, 2)
      assert.match(stderr, /in use by another process/)
    })
  })
})
