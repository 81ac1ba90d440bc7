// `rekindle db verify --repair --peer` on a stopped backup: its state and a block are fetched from a node that runs.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BlockReader } from '../../src/chain/stored/block-reader.ts'
import { readCanonical } from '../../src/chain/stored/canonical-entries.ts'
import { verifyDirectory } from '../../src/cli/db-command.ts'
import { PLACES } from '../../src/config/node-directory.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import {
  CHAIN_DATABASE,
  type DatabaseSchema,
  STATE_DATABASE,
  STATE_PREFIX
} from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { useLiveChain } from '../support/live-chain.ts'
import { type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { loseBlock } from '../support/lost-blocks.ts'
import { until } from '../support/until.ts'

interface Result {
  readonly ok: boolean
  readonly faultsCount: number
  readonly mendedCount: number
  readonly stateMended: { readonly fromDisk: number; readonly fromPeers: number }
  readonly next?: string
}

/** They are due when the chain begins. */
const BLOCKS = 5
const STATES_SERVED = 128
const WAIT = { withinMs: 40_000 }
const ENTRIES = Object.entries(STATE_PREFIX).flatMap(([name, prefix]) =>
  name === 'point' || name === 'join' ? [] : prefix
)

const headOf = async (node: StartedNode) => Number(await node.call('eth_blockNumber'))

describe('a damaged directory with a node that has what it lacks', function () {
  this.timeout(120_000)
  const chain = useLiveChain()

  async function withStore<T>(
    { dataDir }: LiveNode,
    [place, schema]: readonly [string, DatabaseSchema],
    use: (store: KeyValueStore) => Promise<T>
  ): Promise<T> {
    const store = await openLevelStore(join(dataDir, place), schema)
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }

  /** Every entry but the point; with `spoil`, each is damaged. */
  const entriesOf = (live: LiveNode, spoil = false) =>
    withStore(live, [PLACES.state, STATE_DATABASE], async (store) => {
      const entries = new Map<string, string>()
      for (const prefix of ENTRIES) {
        const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
        for await (const [key, value] of store.iterate(range)) {
          entries.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'))
        }
      }
      const damaged = [...entries].map(([key, value]) => {
        const bytes = Uint8Array.from(Buffer.from(value, 'hex'))
        bytes[bytes.length >> 1]! ^= 4
        return { type: 'put', key: Buffer.from(key, 'hex'), value: bytes } as const
      })
      if (spoil) await store.batch(damaged, { sync: true })
      return entries
    })

  const loseOne = (live: LiveNode) =>
    withStore(live, [PLACES.chain, CHAIN_DATABASE], async (store) => {
      const hash = readCanonical(store, 2n)
      const block = hash && new BlockReader(store).block(hash)
      assert.ok(block)
      await loseBlock(store, block)
    })

  async function verify({ dataDir }: LiveNode, flags: { isRepair: boolean; peers?: string[] }) {
    const configFile = join(chain.path, 'verified.json')
    const genesisFile = join(chain.path, 'genesis.json')
    await writeFile(configFile, JSON.stringify({ role: 'backup', dataDir, genesisFile }))
    let [stdout, stderr] = ['', '']
    const io = {
      print: (text: string) => void (stdout += text),
      complain: (text: string) => void (stderr += text),
      env: {},
      cwd: chain.path
    }
    const parsers = { parseAdvertised, parseListen, parsePeer }
    const exitCode = await verifyDirectory({ configFile, isJson: true, ...flags }, parsers, io)
    assert.notEqual(stdout, '', stderr)
    return { exitCode, result: JSON.parse(stdout) as Result, stderr }
  }

  it('is whole again: nothing of its state was left but the point, and a block was lost', async () => {
    const live = await chain.create({ agoSeconds: BLOCKS })
    const [seq, backup] = await Promise.all([live.place('seq'), live.place('backup')])
    const follower = await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    const first = await live.start(seq, {
      role: 'sequencer',
      peers: [peerOf(backup)],
      quorum: 'none'
    })
    await until('blocks', async () => (await headOf(follower)) >= BLOCKS, WAIT)
    await follower.stop()
    const sound = await entriesOf(backup)
    await entriesOf(backup, true)
    await loseOne(backup)

    const seen = await verify(backup, { isRepair: false })
    assert.equal(seen.exitCode, 1)
    const alone = await verify(backup, { isRepair: true })
    assert.equal(alone.exitCode, 1)
    assert.match(String(alone.result.next), /rekindle db verify --repair --peer/)

    const { exitCode, result, stderr } = await verify(backup, {
      isRepair: true,
      peers: [seq.multiaddr]
    })
    assert.equal(exitCode, 0, stderr + JSON.stringify(result))
    assert.equal(result.ok, true)
    assert.ok(result.stateMended.fromPeers > 0)
    assert.equal(result.next, undefined)
    assert.deepEqual(await entriesOf(backup), sound)
    assert.equal((await verify(backup, { isRepair: false })).exitCode, 0)

    const head = await headOf(first)
    const again = await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    await until('it follows', async () => (await headOf(again)) > head, WAIT)
  })

  it('is given up by name where nobody serves its state any more, and the next start joins', async () => {
    const live = await chain.create({ agoSeconds: STATES_SERVED + BLOCKS })
    const [seq, backup] = await Promise.all([live.place('seq'), live.place('backup')])
    const empty = await live.start(backup, { role: 'backup' })
    await empty.stop()
    await entriesOf(backup, true)
    const first = await live.start(seq, { role: 'sequencer', quorum: 'none' })
    const isPast = async () => (await headOf(first)) > STATES_SERVED
    await until('the states of the first blocks are gone', isPast, WAIT)

    const { exitCode, result } = await verify(backup, { isRepair: true, peers: [seq.multiaddr] })
    assert.equal(exitCode, 1)
    assert.match(String(result.next), /last 128 blocks.*rekindle run/)
    const head = await headOf(first)
    const again = await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    await until('it follows', async () => (await headOf(again)) > head, WAIT)
  })
})
