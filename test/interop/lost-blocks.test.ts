// A sequencer's database lost blocks below the head: they come back from the record or a peer; until then status says so.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../../src/base/bytes.ts'
import { auditChain, type ChainFault } from '../../src/chain/stored/chain-audit.ts'
import { BlockReader } from '../../src/chain/stored/block-reader.ts'
import { readCanonical } from '../../src/chain/stored/canonical-entries.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { PLACES } from '../../src/config/node-directory.ts'
import { CHAIN_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { isGateOpen, useLiveChain } from '../support/live-chain.ts'
import { type LiveChain, type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { loseBlock } from '../support/lost-blocks.ts'
import { until } from '../support/until.ts'

interface Status {
  readonly head: { readonly number: number; readonly hash: Hex }
  readonly gate?: { readonly open: boolean }
  readonly recovery: {
    readonly waitsFor?: { readonly code: string; readonly number?: number }
    readonly override?: string
    readonly stateAction?: string
    readonly holes?: {
      readonly count: number
      readonly highest: readonly {
        readonly first: number
        readonly last: number
        readonly lacks: string
        readonly reason?: string
      }[]
      readonly exit: string
    }
  }
}

/** They are due when the chain begins. */
const BLOCKS = 7
const WAIT = { withinMs: 40_000 }
const statusOf = async (node: StartedNode) => (await node.call('rekindle_status')) as Status

describe('blocks that a sequencer’s database lost', function () {
  this.timeout(120_000)
  const chain = useLiveChain()

  /** Two blocks in a row, a few below the head, are gone; which they were. */
  async function loseTwo({ dataDir }: LiveNode): Promise<readonly (readonly [number, Hex])[]> {
    const store = await openLevelStore(join(dataDir, PLACES.chain), CHAIN_DATABASE)
    try {
      let head = 0n
      while (readCanonical(store, head + 1n) !== undefined) head += 1n
      const lost: [number, Hex][] = []
      for (const number of [head - 3n, head - 2n]) {
        const hash = readCanonical(store, number)
        const block = hash && new BlockReader(store).block(hash)
        assert.ok(block)
        await loseBlock(store, block)
        lost.push([Number(number), block.hash])
      }
      return lost
    } finally {
      await store.close()
    }
  }

  async function faultsOf({ dataDir }: LiveNode, { genesis }: LiveChain) {
    const store = await openLevelStore(join(dataDir, PLACES.chain), CHAIN_DATABASE)
    const faults: ChainFault[] = []
    const { chainId, signers } = genesis.config
    try {
      await auditChain(
        store,
        { chainId, schedule: createSignerSchedule(signers) },
        { onFault: (fault) => void faults.push(fault), onProgress: () => Promise.resolve() }
      )
    } finally {
      await store.close()
    }
    return faults
  }

  /** A chain of some blocks, the last of them on the backup too; both nodes are stopped. */
  async function makeChain() {
    const live = await chain.create({ agoSeconds: BLOCKS })
    const [seq, backup] = await Promise.all([live.place('seq'), live.place('backup')])
    const follower = await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    const first = await live.start(seq, {
      role: 'sequencer',
      peers: [peerOf(backup)],
      quorum: 'none'
    })
    await until('blocks', async () => (await statusOf(first)).head.number >= BLOCKS, WAIT)
    const { head } = await until(
      'the same on the backup',
      async () => {
        const status = await statusOf(follower)
        return status.head.number >= BLOCKS && status
      },
      WAIT
    )
    await first.stop()
    await follower.stop()
    return { live, seq, backup, head }
  }

  async function hashAt(node: StartedNode, number: number) {
    const block = await node.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])
    return (block as { readonly hash: Hex } | null)?.hash
  }

  it('hold the gate, and are named, until a peer comes that has them', async () => {
    const { live, seq, backup } = await makeChain()
    const lost = await loseTwo(seq)
    await rm(`${seq.dataDir}.record`)
    const config = { role: 'sequencer', peers: [peerOf(backup)], quorum: 'none' } as const
    const alone = await live.start(seq, config)
    const waiting = await until(
      'the wait for the blocks',
      async () => {
        const status = await statusOf(alone)
        const { waitsFor, holes } = status.recovery
        const isTried = holes?.highest[0]?.reason !== undefined
        return waitsFor?.code === 'blocks-missing' && isTried && status
      },
      WAIT
    )
    const [[lower], [upper]] = lost as [[number, Hex], [number, Hex]]
    assert.equal(waiting.gate?.open, false)
    assert.equal(waiting.recovery.waitsFor?.number, lower, 'its child names the upper one')
    assert.match(waiting.recovery.override ?? '', /under peers/)
    const { holes } = waiting.recovery
    assert.deepEqual(
      [holes?.count, holes?.highest[0]?.first, holes?.highest[0]?.last],
      [1, lower, upper]
    )
    assert.match(holes?.exit ?? '', /rekindle explain blocks-missing/)

    await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    await until('the gate', () => isGateOpen(alone), WAIT)
    for (const [number, hash] of lost) assert.equal(await hashAt(alone, number), hash)
    const { recovery, head } = await statusOf(alone)
    assert.equal(recovery.holes, undefined)
    assert.ok(head.number >= waiting.head.number)
    assert.equal(await hashAt(alone, waiting.head.number), waiting.head.hash)
    await alone.stop()
    assert.deepEqual(await faultsOf(seq, live), [])
  })

  it('are fetched before the states over them are rebuilt', async () => {
    const { live, seq, backup, head } = await makeChain()
    await loseTwo(seq)
    await rm(`${seq.dataDir}.record`)
    await rm(join(seq.dataDir, PLACES.journal), { recursive: true })
    const config = { role: 'sequencer', peers: [peerOf(backup)], quorum: 'none' } as const
    const alone = await live.start(seq, config)
    await until(
      'the wait for the blocks',
      async () => {
        const { stateAction, holes } = (await statusOf(alone)).recovery
        return stateAction === 'await-state' && holes?.highest[0]?.reason !== undefined
      },
      WAIT
    )
    await live.start(backup, { role: 'backup', peers: [peerOf(seq)] })
    await until('the gate', () => isGateOpen(alone), WAIT)
    assert.equal(await hashAt(alone, head.number), head.hash)
    await alone.stop()
    assert.deepEqual(await faultsOf(seq, live), [])
  })

  it('come out of the signed record where it has them, before anything is asked', async () => {
    const { live, seq, head } = await makeChain()
    const lost = await loseTwo(seq)
    assert.ok((await faultsOf(seq, live)).length > 0)
    const alone = await live.start(seq, { role: 'sequencer', quorum: 'none' })
    assert.equal((await statusOf(alone)).recovery.holes, undefined)
    for (const [number, hash] of lost) assert.equal(await hashAt(alone, number), hash)
    await until('the gate', () => isGateOpen(alone), WAIT)
    assert.equal(await hashAt(alone, head.number), head.hash)
    await alone.stop()
    assert.deepEqual(await faultsOf(seq, live), [])
  })
})
