// `rekindle db choose` on real databases: each side chosen, the record let go of, a crash between, refusals.
import assert from 'node:assert/strict'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { chooseBranch } from '../../../src/cli/db-choose.ts'
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

describe('db choose', () => {
  const directory = useTemporaryDirectory()
  let node: NodeFiles
  /** Ours is 1 to 5; theirs leaves it after 3 and goes from 4 to 6. */
  let ours: SignedBlock[]
  let theirs: SignedBlock[]

  async function begin(role: 'sequencer' | 'backup', held: readonly number[] = [4, 5, 6]) {
    node = await writeNodeFiles(directory.path, role)
    await node.stores(async (stores) => {
      ours = signChain(stores.genesis, 5)
      theirs = signChain(ours[2]!, 3, { salt: 4 })
      await persistAll(stores, ours)
      await stores.accepted.accept(theirs.filter(({ number }) => held.includes(Number(number))))
    })
    if (role === 'sequencer') await signAll(node, ours[2]!, ours.slice(3))
  }

  const watched = () => [...ours.slice(2), ...theirs].map(({ hash }) => hash)
  const away = 'chosen-against'

  for (const role of ['sequencer', 'backup'] as const) {
    it(`keeps ours on a ${role} and gives up theirs, whole`, async () => {
      await begin(role)
      const flags = { branch: ours[4]!.hash, confirm: theirs[1]!.hash }
      const { exitCode, stderr, done } = await node.run(chooseBranch, flags)
      assert.equal(exitCode, 0, stderr)
      assert.match(stderr, /giving up 3 blocks from 4 \(0x/)
      assert.match(stderr, /users may have seen them/)
      assert.equal(done?.recordReleasedAbove, undefined)
      const after = await snapshot(node, watched())
      assert.deepEqual(after.head, plainRef(ours[4]!))
      assert.deepEqual(after.setAside, [undefined, undefined, undefined, away, away, away])
      assert.deepEqual(after.highest, plainRef(ours[4]!))
    })
  }

  it('takes theirs on a backup: the chain ends at the fork and the branch is what it follows', async () => {
    await begin('backup')
    const flags = { branch: theirs[2]!.hash, confirm: ours[4]!.hash }
    const { exitCode, stderr } = await node.run(chooseBranch, flags)
    assert.equal(exitCode, 0, stderr)
    const after = await snapshot(node, watched())
    assert.deepEqual(after.head, plainRef(ours[2]!))
    assert.deepEqual(after.setAside, [undefined, away, away, undefined, undefined, undefined])
    assert.deepEqual(after.highest, plainRef(theirs[2]!))
  })

  it('takes theirs on a sequencer: its record lets go of what it signed there, and of no more', async () => {
    await begin('sequencer')
    const flags = { branch: theirs[0]!.hash, confirm: ours[3]!.hash }
    const { exitCode, stderr, done } = await node.run(chooseBranch, flags)
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /the signed record lets go of its heights above 3/)
    assert.equal(done?.recordReleasedAbove, 3)
    await node.record((record) => {
      assert.deepEqual(record.tip, plainRef(ours[2]!))
      assert.equal(record.isSetAside(ours[3]!.hash), true)
      assert.equal(record.isSetAside(ours[4]!.hash), true)
    })
    assert.deepEqual((await snapshot(node, [])).head, plainRef(ours[2]!))
  })

  it('lets a record go that holds the other branch, when ours is chosen', async () => {
    node = await writeNodeFiles(directory.path, 'sequencer')
    await node.stores(async (stores) => {
      ours = signChain(stores.genesis, 5)
      theirs = signChain(ours[2]!, 3, { salt: 4 })
      await persistAll(stores, ours)
      await stores.accepted.accept(theirs)
    })
    await signAll(node, ours[2]!, theirs)
    const flags = { branch: ours[4]!.hash, confirm: theirs[2]!.hash }
    const { exitCode, stderr } = await node.run(chooseBranch, flags)
    assert.equal(exitCode, 0, stderr)
    await node.record((record) => assert.deepEqual(record.tip, plainRef(ours[2]!)))
    assert.deepEqual((await snapshot(node, [])).head, plainRef(ours[4]!))
  })

  it('leaves a record alone whose last block stands on the chosen branch', async () => {
    await begin('sequencer')
    const next = signChild(ours[4]!)
    await node.record(async (record) => {
      const { number, hash, version, message } = next
      await record.append({ number, hash, version, message }, () => undefined)
    })
    const flags = { branch: ours[4]!.hash, confirm: theirs[2]!.hash }
    assert.equal((await node.run(chooseBranch, flags)).exitCode, 0)
    await node.record((record) => assert.deepEqual(record.tip, plainRef(next)))
  })

  it('ends the same when it died after the chain and before the record', async () => {
    await begin('sequencer')
    const flags = { branch: theirs[2]!.hash, confirm: ours[4]!.hash }
    assert.equal((await node.run(chooseBranch, flags)).exitCode, 0)
    // The record as it was: the blocks are set aside, and their heights are barred again.
    await signAll(node, ours[2]!, ours.slice(3))
    const again = await node.run(chooseBranch, flags)
    assert.equal(again.exitCode, 0, again.stderr)
    await node.record((record) => assert.deepEqual(record.tip, plainRef(ours[2]!)))
    const after = await snapshot(node, watched())
    assert.deepEqual(after.head, plainRef(ours[2]!))
    assert.deepEqual(after.highest, plainRef(theirs[2]!))
  })

  it('gives up the unknown parent of a branch that is not held whole', async () => {
    await begin('backup', [6])
    const flags = { branch: ours[4]!.hash, confirm: theirs[2]!.hash }
    const { exitCode, stderr } = await node.run(chooseBranch, flags)
    assert.equal(exitCode, 0, stderr)
    const after = await snapshot(node, watched())
    assert.deepEqual(after.setAside.slice(3), [undefined, away, away])
  })

  const strange = `0x${'11'.repeat(32)}`
  const refusals: readonly (readonly [
    string,
    () => { readonly branch: string | undefined; readonly confirm: string | undefined },
    RegExp
  ])[] = [
    ['no branch', () => ({ branch: undefined, confirm: strange }), /--branch must be a block hash/],
    ['no other', () => ({ branch: ours[4]!.hash, confirm: undefined }), /--confirm must be/],
    ['half a hash', () => ({ branch: '0x12', confirm: strange }), /--branch must be a block hash/],
    ['one block twice', () => ({ branch: ours[4]!.hash, confirm: ours[4]!.hash }), /same block/],
    ['an unknown branch', () => ({ branch: strange, confirm: ours[4]!.hash }), /is not held here/],
    ['an unknown other', () => ({ branch: ours[4]!.hash, confirm: strange }), /is not held here/],
    ['an ancestor', () => ({ branch: ours[4]!.hash, confirm: ours[1]!.hash }), /of one branch/],
    ['a descendant', () => ({ branch: ours[1]!.hash, confirm: ours[4]!.hash }), /of one branch/],
    [
      'their ancestor',
      () => ({ branch: theirs[2]!.hash, confirm: theirs[0]!.hash }),
      /is a third branch/
    ],
    [
      'what both share',
      () => ({ branch: theirs[2]!.hash, confirm: ours[2]!.hash }),
      /of one branch/
    ]
  ]
  for (const [name, flags, words] of refusals) {
    it(`refuses ${name} and changes nothing`, async () => {
      await begin('sequencer')
      const before = await snapshot(node, watched())
      const { exitCode, stderr, done } = await node.run(chooseBranch, flags())
      assert.equal(exitCode, 2)
      assert.equal(done, undefined)
      assert.match(stderr, words)
      assert.deepEqual(await snapshot(node, watched()), before)
      await node.record((record) => assert.deepEqual(record.tip, plainRef(ours[4]!)))
    })
  }

  it('refuses a branch that cannot be followed down, and one that was set aside', async () => {
    await begin('backup', [4, 6])
    const flags = { branch: theirs[2]!.hash, confirm: ours[4]!.hash }
    const unlinked = await node.run(chooseBranch, flags)
    assert.equal(unlinked.exitCode, 2)
    assert.match(unlinked.stderr, /cannot be followed down.*block 5 \(0x.*is not held/)
    const first = { branch: ours[4]!.hash, confirm: theirs[0]!.hash }
    assert.equal((await node.run(chooseBranch, first)).exitCode, 0)
    const back = await node.run(chooseBranch, { branch: theirs[0]!.hash, confirm: ours[4]!.hash })
    assert.equal(back.exitCode, 2)
    assert.match(back.stderr, /was itself set aside: chosen-against/)
  })
})
