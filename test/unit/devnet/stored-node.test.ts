// Reading what a node left: real databases and a real record, then one entry of them damaged.
import assert from 'node:assert/strict'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkDbSound } from '../../../devnet/checks/db-sound.ts'
import { readStoredNode } from '../../../devnet/checks/stored-node.ts'
import { type ClusterLayout, type NodeLayout } from '../../../devnet/cluster/cluster-layout.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { openStores } from '../../../src/node/open-stores.ts'
import { openSignedRecord } from '../../../src/signer/signed-record.ts'
import { sealValue } from '../../../src/store/checked-value.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import {
  CHAIN_DATABASE,
  CHAIN_PREFIX,
  hashKey,
  numberKey,
  STATE_DATABASE,
  STATE_PREFIX
} from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { signChild, TEST_CHAIN_ID, TEST_SIGNER, testGenesis } from '../../support/signed-chain.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const BLOCKS = 4

/** A node that persisted some empty blocks, recorded them and stopped. */
async function leaveNode(directory: string) {
  const genesis = testGenesis()
  const schedule = createSignerSchedule(genesis.config.signers)
  const dataDir = join(directory, 'node')
  const stores = await openStores(
    dataDir,
    { genesis, schedule },
    { clock: systemClock, log: silentLog }
  )
  const recordFile = join(directory, 'signed-record')
  const { hash: genesisHash, stateRoot } = stores.genesis
  const binding = { chainId: TEST_CHAIN_ID, genesisHash, signer: TEST_SIGNER }
  const record = await openSignedRecord(recordFile, binding)
  await record.create()
  await record.adopt(stores.genesis)
  const blocks: SignedBlock[] = []
  for (let parent = stores.blocks.head(); blocks.length < BLOCKS; parent = stores.blocks.head()) {
    const block = signChild(parent, { header: { stateRoot: hexToBytes(stateRoot) } })
    await record.append(block, () => undefined)
    await stores.blocks.persist(block, [])
    stores.state.add(await stores.state.prepare(parent.hash, { accounts: [], codes: [] }), block)
    blocks.push(block)
  }
  await stores.state.flushAll(stores.blocks.head().hash)
  await stores.close()
  await record.close()
  const layout = { genesis, genesisHash, chainId: TEST_CHAIN_ID, signer: TEST_SIGNER }
  return { dataDir, recordFile, blocks, layout }
}

type LeftNode = Awaited<ReturnType<typeof leaveNode>>

/** What the check says of it after a clean stop. */
async function judge({ dataDir, recordFile, layout }: LeftNode) {
  const place = { name: 'sequencer', dataDir, recordFile } as NodeLayout
  const stored = await readStoredNode(place, true, layout as ClusterLayout)
  return { stored, result: checkDbSound([stored], layout) }
}

async function change(
  { dataDir }: LeftNode,
  which: 'chain' | 'state',
  write: (store: KeyValueStore) => Promise<void>
): Promise<void> {
  const schema = which === 'chain' ? CHAIN_DATABASE : STATE_DATABASE
  const store = await openLevelStore(join(dataDir, which), schema)
  try {
    await write(store)
  } finally {
    await store.close()
  }
}

/** The first key with this prefix. */
async function firstKey(store: KeyValueStore, prefix: number): Promise<Uint8Array> {
  const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1), limit: 1 }
  for await (const [key] of store.iterate(range)) return key
  throw new Error('there is no such entry')
}

async function put(store: KeyValueStore, key: Uint8Array, value: Uint8Array): Promise<void> {
  await store.batch([{ type: 'put', key, value }], { sync: true })
}

/** The first byte of the prefix's first value is another, or the whole entry is gone. */
async function damage(store: KeyValueStore, prefix: number, how: 'flip' | 'remove'): Promise<void> {
  const key = await firstKey(store, prefix)
  const value = store.get(key)?.slice() ?? new Uint8Array(0)
  value[0]! ^= 1
  if (how === 'flip') await put(store, key, value)
  else await store.batch([{ type: 'del', key }], { sync: true })
}

describe('reading what a node left', () => {
  const directory = useTemporaryDirectory()

  it('finds nothing wrong with a node that stopped', async () => {
    const left = await leaveNode(directory.path)
    const { stored, result } = await judge(left)
    assert.equal(result.ok, true, result.detail)
    assert.ok('read' in stored.chain)
    assert.deepEqual(
      stored.chain.read.blocks.slice(1).map(({ hash }) => hash),
      left.blocks.map(({ hash }) => hash)
    )
    assert.ok(stored.record !== undefined && 'read' in stored.record)
    assert.deepEqual(
      stored.record.read.heights.map(({ kind, number }) => `${kind} ${String(number)}`),
      ['adopted 0', 'signed 1', 'signed 2', 'signed 3', 'signed 4']
    )
  })

  it('is not disturbed by reading: a second look finds the same', async () => {
    const left = await leaveNode(directory.path)
    const first = await judge(left)
    assert.deepEqual(await judge(left), first)
  })

  for (const [title, prefix, how, pattern] of [
    ['a trie node is damaged', STATE_PREFIX.accountNode, 'flip', /4 broke.*damaged/],
    ['a trie node is gone', STATE_PREFIX.accountNode, 'remove', /4 broke.*damaged/],
    ['a flat account is damaged', STATE_PREFIX.account, 'flip', /its flat entry/],
    ['a flat account is gone', STATE_PREFIX.account, 'remove', /its flat entry/],
    ['a code is damaged', STATE_PREFIX.code, 'flip', /its code is missing or another/],
    ['a code is gone', STATE_PREFIX.code, 'remove', /its code is missing or another/],
    ['the state point is damaged', STATE_PREFIX.point, 'flip', /4 broke: its state cannot/],
    ['the state point is gone', STATE_PREFIX.point, 'remove', /4 broke: there is no state/]
  ] as const) {
    it(`sees that ${title}`, async () => {
      const left = await leaveNode(directory.path)
      await change(left, 'state', (store) => damage(store, prefix, how))
      const { result } = await judge(left)
      assert.equal(result.ok, false)
      assert.match(result.detail, pattern)
    })
  }

  it('sees a flat account that no trie has', async () => {
    const left = await leaveNode(directory.path)
    await change(left, 'state', (store) =>
      put(store, hashKey(STATE_PREFIX.account, `0x${'77'.repeat(32)}`), Uint8Array.of(1))
    )
    assert.match((await judge(left)).result.detail, /4 broke.*flat accounts/)
  })

  for (const [title, prefix, how, pattern] of [
    ['a canonical pointer is gone', CHAIN_PREFIX.canonical, 'remove', /7 broke: there is no can/],
    ['a header is damaged', CHAIN_PREFIX.header, 'flip', /7 broke: its chain cannot be read/],
    ['a message is damaged', CHAIN_PREFIX.content, 'flip', /7 broke: its chain cannot be read/],
    ['the head is gone', CHAIN_PREFIX.head, 'remove', /7 broke: its chain cannot be read/]
  ] as const) {
    it(`sees that ${title}`, async () => {
      const left = await leaveNode(directory.path)
      await change(left, 'chain', (store) => damage(store, prefix, how))
      const { result } = await judge(left)
      assert.equal(result.ok, false)
      assert.match(result.detail, pattern)
    })
  }

  it('sees a canonical pointer to another block', async () => {
    const left = await leaveNode(directory.path)
    const key = numberKey(CHAIN_PREFIX.canonical, 2n)
    const { hash } = left.blocks[2]!
    await change(left, 'chain', (store) => put(store, key, sealValue(key, hexToBytes(hash))))
    assert.match((await judge(left)).result.detail, /4 broke: block 2 .* header of height 3/)
  })

  it('sees signatures that are of another chain', async () => {
    const left = await leaveNode(directory.path)
    const layout = { ...left.layout, chainId: TEST_CHAIN_ID + 1n }
    assert.match(
      (await judge({ ...left, layout })).result.detail,
      /4 broke: block 1 .* proves nothing/
    )
  })

  it('sees a record that is gone, torn, damaged or of something else', async () => {
    const left = await leaveNode(directory.path)
    const bytes = await readFile(left.recordFile)
    await truncate(left.recordFile, bytes.length - 1)
    assert.match((await judge(left)).result.detail, /1 broke: its record ends torn/)
    const flipped = Uint8Array.from(bytes)
    flipped[bytes.length >> 1]! ^= 1
    await writeFile(left.recordFile, flipped)
    assert.match((await judge(left)).result.detail, /1 broke: its record ends damaged/)
    await writeFile(left.recordFile, 'something else')
    assert.match((await judge(left)).result.detail, /1 broke: its record cannot be read/)
    const gone = { ...left, recordFile: `${left.recordFile}.gone` }
    assert.match((await judge(gone)).result.detail, /1 broke: its record cannot be read/)
  })
})
