// Stored blocks that are lost below the head, in a real LevelDB: found, proved by their children, put back, or named.
import assert from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { putEntry } from '../../../src/chain/stored/chain-entry.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { CHAIN_PREFIX, numberKey } from '../../../src/store/keys.ts'
import { RETRY_MAX_MS, SEARCH_BATCH_HEIGHTS } from '../../../src/sync/holes/fill-holes.ts'
import { type Lost, loseBlock } from '../../support/lost-blocks.ts'
import { signChain, signChild, testGenesisBlock, testReceipts } from '../../support/signed-chain.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'
import { damage } from '../chain/chain-fixture.ts'
import { serving, servingByHash } from './blocks-fixture.ts'
import { diffOf, faultsOf, openRepair, openStore, persistAll, wholePeer } from './holes-fixture.ts'

const genesis = testGenesisBlock()
const LENGTH = 20
const CHAIN = signChain(genesis, LENGTH, { transactionsCount: 2 })
const EMPTY = signChain(genesis, LENGTH)
const at = (number: number, chain: readonly SignedBlock[] = CHAIN) => chain[number - 1]!
const heights = (
  runs: readonly { readonly first: bigint; readonly last: bigint; readonly lacks: string }[]
) => runs.map(({ first, last, lacks }) => `${lacks} ${String(first)}-${String(last)}`)

describe('stored blocks that are lost below the head', () => {
  const directory = useTemporaryDirectory()
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** A store with the chain but for what is lost of it. */
  async function storeWithout(
    lost: Readonly<Record<number, Lost>>,
    chain: readonly SignedBlock[] = CHAIN
  ): Promise<KeyValueStore> {
    const store = await openStore(join(directory.path, 'chain'))
    closers.push(() => store.close())
    await persistAll(store, chain)
    for (const [number, what] of Object.entries(lost)) {
      await loseBlock(store, at(Number(number), chain), what)
    }
    return store
  }

  async function repair(...args: Parameters<typeof openRepair>) {
    const opened = await openRepair(...args)
    closers.push(() => opened.stop())
    return opened
  }

  /** Lets the filler work: LevelDB writes in its own time, its pauses pass on the clock by hand. */
  async function untilClosed({ clock, holes }: Awaited<ReturnType<typeof openRepair>>) {
    await until('no hole', async () => {
      await clock.advance(100)
      await nextTurn()
      return holes.isSearched && holes.size === 0
    })
  }

  const losses: readonly (readonly [string, Readonly<Record<number, Lost>>])[] = [
    ['one block', { 15: 'all' }],
    ['a block and its receipts, its hash being known', { 15: 'accepted', 14: 'receipts' }],
    ['some in a row', { 15: 'all', 14: 'all', 13: 'all', 12: 'all' }],
    ['the first block', { 1: 'all', 2: 'all' }],
    ['the head’s parent, and others apart from it', { 19: 'all', 10: 'all', 5: 'persisted' }],
    ['contents alone', { 15: 'content', 12: 'content' }],
    ['pointers alone', { 15: 'pointer', 14: 'pointer' }],
    [
      'all but genesis and the head',
      Object.fromEntries(CHAIN.slice(0, -1).map(({ number }) => [number, 'all' as const]))
    ]
  ]
  for (const [what, lost] of losses) {
    it(`come back from a peer: ${what}`, async () => {
      const store = await storeWithout(lost)
      assert.ok((await faultsOf(store)).length > 0)
      const opened = await repair(store, { a: wholePeer(CHAIN) })
      opened.start()
      await untilClosed(opened)
      assert.deepEqual(await faultsOf(store), [])
      const { blocks, accepted, stubs } = opened
      assert.equal(blocks.head().hash, at(LENGTH).hash)
      for (const block of CHAIN) {
        assert.deepEqual(blocks.blockByNumber(block.number), block)
        assert.deepEqual(blocks.receipts(block.hash), testReceipts(block))
        assert.deepEqual(accepted.acceptedAt(block.number), [
          { number: block.number, hash: block.hash }
        ])
      }
      assert.deepEqual([stubs.blamed, opened.falseDiffs], [[], []])
      assert.ok(opened.filledCount() > 0 || stubs.asked.length === 0)
    })
  }

  it('need no peer where a batch is lost that other entries tell of', async () => {
    const store = await storeWithout({ 15: 'persisted', 14: 'persisted', 9: 'pointer' }, EMPTY)
    const { mender, holes } = await repair(store)
    await mender.searchDownTo(1n)
    assert.equal(holes.size, 0)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('need no peer where the record, or our own diff, has them', async () => {
    const store = await storeWithout({ 15: 'all', 14: 'all' })
    const { mender, holes } = await repair(
      store,
      {},
      {
        block: ({ hash }) => CHAIN.find((block) => block.hash === hash),
        receipts: (block) => testReceipts(block)
      }
    )
    await mender.searchDownTo(1n)
    assert.equal(holes.size, 0)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('that nobody serves are named with the reason, and asked for when somebody comes', async () => {
    const store = await storeWithout({ 15: 'all', 14: 'all', 8: 'receipts' })
    const peers: Parameters<typeof openRepair>[1] = { poor: {} }
    const opened = await repair(store, peers)
    const { filler, clock, blocks, warnings, holes } = opened
    opened.start()
    await until('a try', async () => {
      await clock.advance(100)
      return filler.shown().runs.some(({ reason }) => reason !== undefined)
    })
    const { runs, runsCount } = filler.shown()
    assert.deepEqual(heights(runs), ['blocks 14-15', 'receipts 8-8'])
    assert.equal(runsCount, 2)
    assert.ok(runs.every(({ reason }) => reason !== undefined && reason !== ''))
    assert.ok(warnings.includes('blocks-missing'))
    assert.equal(blocks.head().hash, at(LENGTH).hash)
    assert.equal(holes.missingBlock({ first: 1n, last: 20n }), 15n)
    assert.equal(blocks.canonicalHash(15n), at(15).hash, 'its child names it')
    assert.equal(holes.unknownHash({ first: 1n, last: 20n }), 14n)
    peers.whole = wholePeer(CHAIN)
    filler.peersChanged()
    await untilClosed(opened)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('are asked for again without anybody coming, ever less often', async () => {
    const store = await storeWithout({ 15: 'all' })
    const opened = await repair(store, { poor: {} })
    opened.start()
    const { clock, stubs } = opened
    await until('the first try', async () => {
      await clock.advance(100)
      return stubs.asked.length > 0
    })
    await clock.advance(10 * RETRY_MAX_MS)
    const before = stubs.asked.length
    await clock.advance(10 * RETRY_MAX_MS)
    const added = stubs.asked.length - before
    assert.ok(added > 0 && added <= 2 * 12, `${String(added)} requests`)
  })

  it('are not taken from who sends others: a false block is blamed, another branch is not ours', async () => {
    const store = await storeWithout({ 15: 'all', 14: 'all' })
    const branch = [...CHAIN.slice(0, 13)]
    while (branch.length < LENGTH) branch.push(signChild(branch.at(-1)!, { salt: 7 }))
    const opened = await repair(store, {
      branch: { range: serving(branch), byHash: servingByHash(branch) },
      liar: {
        range: ({ start }) => [{ ...at(Number(start)), message: new Uint8Array(200).fill(1) }],
        byHash: () => [at(3)],
        diffs: () => diffOf(at(3))
      },
      whole: wholePeer(CHAIN)
    })
    opened.start()
    await untilClosed(opened)
    assert.deepEqual(await faultsOf(store), [])
    assert.equal(opened.blocks.canonicalHash(15n), at(15).hash)
    const others = branch.slice(13, 15).map(({ hash }) => hash)
    assert.ok(opened.beside.length > 0, 'the other branch was held by a peer that was asked')
    assert.ok(opened.beside.every(([hash]) => others.includes(hash as Hex)))
    assert.ok(opened.stubs.blamed.every(({ peer }) => peer === 'liar'))
    assert.ok(opened.falseDiffs.every(({ peer, code }) => peer === 'liar' && code === 'diff-false'))
    assert.ok(opened.stubs.blamed.length + opened.falseDiffs.length > 0)
  })

  it('are proved by the child alone: a damaged pointer that nothing proves is dropped, a wrong one replaced', async () => {
    const store = await storeWithout({ 15: 'all', 14: 'content' })
    await damage(store, numberKey(CHAIN_PREFIX.canonical, 14n))
    const opened = await repair(store, { a: wholePeer(CHAIN) })
    const { blocks, mender } = opened
    assert.throws(() => blocks.canonicalHash(14n), /entry-damaged/)
    await mender.searchDownTo(1n)
    assert.equal(blocks.canonicalHash(14n), undefined)
    await assert.rejects(blocks.putBack({ number: 13n, hash: at(12).hash }), /hash-not-proven/)
    await assert.rejects(blocks.putBack({ number: 14n, hash: at(14).hash }), /hash-not-proven/)
    await assert.rejects(blocks.putBack({ number: 21n, hash: at(20).hash }), /hash-not-proven/)
    opened.start()
    await untilClosed(opened)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('tell which one was below them: a pointer to another block is put right', async () => {
    const store = await storeWithout({ 15: 'all' })
    const key = numberKey(CHAIN_PREFIX.canonical, 14n)
    await store.batch([putEntry(key, hexToBytes(at(3).hash))], { sync: true })
    const opened = await repair(store, { a: wholePeer(CHAIN) })
    await opened.mender.searchDownTo(1n)
    assert.deepEqual(heights(opened.filler.shown().runs), ['blocks 14-15'])
    opened.start()
    await untilClosed(opened)
    assert.equal(opened.blocks.canonicalHash(14n), at(14).hash)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('leave what is below them as it is, though a pointer there leads to another branch', async () => {
    const store = await storeWithout({ 15: 'all' })
    const branch = [at(9)]
    while (branch.length < 6) branch.push(signChild(branch.at(-1)!, { salt: 7 }))
    const { accepted } = await openRepair(store)
    await accepted.accept(branch.slice(1))
    const key = numberKey(CHAIN_PREFIX.canonical, 14n)
    await store.batch([putEntry(key, hexToBytes(branch.at(-1)!.hash))], { sync: true })
    const opened = await repair(store, { a: wholePeer(CHAIN) })
    await opened.mender.searchDownTo(1n)
    for (const { number, hash } of CHAIN.slice(0, 13)) {
      assert.equal(opened.blocks.canonicalHash(number), hash)
    }
    opened.start()
    await untilClosed(opened)
    for (const { number, hash } of CHAIN) assert.equal(opened.blocks.canonicalHash(number), hash)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('are looked for to the end of a run, wherever the search was to end', async () => {
    const store = await storeWithout({ 15: 'all', 14: 'all', 13: 'all' })
    const { mender, holes } = await repair(store)
    await mender.searchDownTo(15n)
    assert.equal(holes.next, 11n, 'block 12 was looked at')
  })

  it('are looked for in turns, down to the first block', async () => {
    const long = signChain(genesis, Number(SEARCH_BATCH_HEIGHTS) * 2 + 30)
    const store = await storeWithout({ 7: 'all' }, long)
    const opened = await repair(store, { a: wholePeer(long) })
    const { mender, holes, clock } = opened
    await mender.searchDownTo(BigInt(long.length - 10))
    assert.deepEqual([holes.size, holes.isSearched], [0, false])
    opened.start()
    await nextTurn()
    assert.equal(holes.isSearched, false)
    await clock.advance(1_000)
    await untilClosed(opened)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('out of the middle of a damaged log: the blocks whose batches it swallowed come back', async () => {
    const long = signChain(genesis, 120, { transactionsCount: 3 })
    const source = join(directory.path, 'chain')
    const first = await openStore(source)
    await persistAll(first, long)
    const killed = join(directory.path, 'killed')
    // A copy of a running database is what a kill leaves.
    await cp(source, killed, { recursive: true })
    await first.close()
    const name = (await readdir(killed)).find((file) => file.endsWith('.log'))!
    const log = await readFile(join(killed, name))
    log.fill(0xa5, log.length >> 1, (log.length >> 1) + 64)
    await writeFile(join(killed, name), log)

    const store = await openStore(killed)
    closers.push(() => store.close())
    const lostCount = (await faultsOf(store)).length
    assert.ok(lostCount > 0, 'the damage reached no block')
    const opened = await repair(store, { a: wholePeer(long) })
    assert.equal(opened.blocks.head().hash, long.at(-1)?.hash, 'the head is behind the damage')
    opened.start()
    await untilClosed(opened)
    assert.deepEqual(await faultsOf(store), [])
  })
})
