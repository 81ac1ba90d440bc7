// A recovery over a chain in memory: blocks are only hashes and links, peers are scripted.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { type BlockRef, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import {
  type QuorumSetting,
  type KnownRecord,
  type Role
} from '../../../src/recovery/decide/findings.ts'
import { createGate } from '../../../src/recovery/gate.ts'
import { Knowledge } from '../../../src/recovery/knowledge/knowledge.ts'
import {
  type RecoveryApply,
  type RecoveryDiffs,
  type StateFetchResult
} from '../../../src/recovery/actions/ports.ts'
import {
  type RecoveryChain,
  type RecoveryRecord,
  type RecoveryState
} from '../../../src/recovery/knowledge/ports.ts'
import { createProgress } from '../../../src/recovery/actions/progress.ts'
import { createRecovery } from '../../../src/recovery/runner.ts'
import { type SignedTip } from '../../../src/recovery/knowledge/tips.ts'
import { fetchAncestors, fillGap } from '../../../src/sync/fetching/fill-gap.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { ref } from './findings-fixture.ts'
import { servedWalk } from './served-walk.ts'

/** A block that is nothing but its place: height, hash, parent. */
export function testBlock(number: number, branch = 'a', parentBranch = branch): SignedBlock {
  const { hash } = ref(number, branch)
  return {
    number: BigInt(number),
    hash,
    stateRoot: hash,
    parentHash: ref(number - 1, parentBranch).hash,
    message: new Uint8Array(100)
  } as SignedBlock
}

/** How a scripted peer answers; absent peers are not connected. */
export type TestPeer = (head: BlockRef) => SignedTip | Promise<SignedTip>

/** A peer that holds the blocks of one branch up to a height. */
export function holder(height: number, branch = 'a', parentBranch = branch): TestPeer {
  return (head) => {
    if (BigInt(height) === head.number) return { relation: 'same' }
    const relation = BigInt(height) > head.number ? 'ahead' : 'behind'
    return { relation, block: testBlock(height, branch, parentBranch) }
  }
}

/** A holder whose answers wait until they are released. */
export function lateHolder(height: number): {
  readonly peer: TestPeer
  readonly letGo: () => void
} {
  const late = Promise.withResolvers<undefined>()
  const peer: TestPeer = async (head) => {
    await late.promise
    return holder(height)(head)
  }
  const letGo = () => {
    late.resolve(undefined)
  }
  return { peer, letGo }
}

export interface WorldOptions {
  readonly role?: Role
  readonly height?: number
  readonly readable?: number
  /** The block that the state on disk is of; the readable one, unless given. */
  readonly diskLayer?: BlockRef & { readonly root?: Hex }
  readonly backups?: readonly string[]
  /** Whom an operator named besides the backups. */
  readonly configuredPeers?: readonly string[]
  readonly quorum?: QuorumSetting
  readonly record?: KnownRecord
  readonly recordBlocks?: readonly SignedBlock[]
  /** In the accepted store before anything begins, oldest first. */
  readonly acceptedAtStart?: readonly SignedBlock[]
  /** The state diffs there are; `makeReadable` is what rebuilding a state comes to. */
  readonly diffs?: (makeReadable: (block: BlockRef) => void) => Partial<RecoveryDiffs>
  readonly setAsideAtStart?: readonly Hex[]
  readonly startWithoutBackups?: Hex | undefined
  readonly giveUpAbove?: Hex | undefined
  /** The first and the last height that the schedule gives to our key. */
  readonly turn?: readonly [first: bigint, last: bigint]
  /** The set that the gate last opened under. */
  readonly stored?: readonly string[]
  /** Heights whose stored blocks are lost. */
  readonly missingAtStart?: readonly bigint[]
  /** A state was being fetched when the last process ended. */
  readonly isFetchUnderWay?: boolean
  /** Peers serve states; each fetch ends as the next of these says, and with its pivot after them. */
  readonly stateFetches?: readonly StateFetchResult[]
}

/** One node's recovery and everything around it. */
export function createWorld({
  role = 'sequencer',
  height = 10,
  readable = height,
  diskLayer: diskLayerAtStart = ref(readable),
  backups = ['backup-1', 'backup-2', 'backup-3'],
  configuredPeers = [],
  quorum = 'auto',
  record = { kind: 'off' },
  recordBlocks = [],
  acceptedAtStart = [],
  diffs: diffsChange,
  setAsideAtStart = [],
  startWithoutBackups,
  giveUpAbove,
  turn = [0n, 2n ** 64n],
  stored: storedAtFirst,
  missingAtStart = [],
  isFetchUnderWay: isUnderWayAtStart = false,
  stateFetches
}: WorldOptions = {}) {
  const clock = createManualClock()
  const canonical = new Map<bigint, Hex>()
  for (let number = 0; number <= height; number++) canonical.set(BigInt(number), ref(number).hash)
  const accepted = new Map(acceptedAtStart.map((block) => [block.hash, block]))
  /** Runs while the record is being written. */
  const hooks: {
    onAdopt: (() => Promise<void>) | undefined
    onAnnounce: (() => Promise<void>) | undefined
    /** Runs while accepted blocks are being written. */
    onAccept: (() => Promise<void>) | undefined
    /** Runs before a block is applied. */
    onApply: ((block: BlockRef) => Promise<void>) | undefined
    /** Runs once the gate is open, while the set of backups is being written. */
    onSettle: (() => void) | undefined
    /** Until then a block stands between its signature and the head. */
    signing: Promise<unknown> | undefined
    hasRoom: boolean
  } = {
    onAnnounce: undefined,
    onAccept: undefined,
    onApply: undefined,
    onSettle: undefined,
    onAdopt: undefined,
    signing: undefined,
    hasRoom: true
  }
  const setAside = new Map<Hex, string>(setAsideAtStart.map((hash) => [hash, 'chosen-against']))
  const released: bigint[] = []
  const states = new Map<Hex, BlockRef>()
  const addState = ({ number, hash }: BlockRef) => void states.set(hash, { number, hash })
  for (const block of [ref(readable), diskLayerAtStart]) addState(block)
  let diskLayer = { root: diskLayerAtStart.hash, ...diskLayerAtStart }
  const peers = new Map<string, TestPeer>()
  const served = new Map<string, readonly SignedBlock[]>()
  const applied: Hex[] = []
  const published: Hex[] = []
  /** What peers served of blocks. */
  const fetched: Hex[] = []
  /** Made canonical without being executed. */
  const linked: Hex[] = []
  /** The head at each reset of the state. */
  const resets: BlockRef[] = []
  const adopted: BlockRef[] = []
  const missing = new Set(missingAtStart)
  const history = { oldestBlock: 1n, oldestReceipts: 1n }
  /** Heights that recovery wanted the history to reach. */
  const needed: bigint[] = []
  /** The pivots of states that were fetched. */
  const pivots: BlockRef[] = []
  const fetchResults = [...(stateFetches ?? [])]
  let isFetchUnderWay = isUnderWayAtStart
  let head = ref(height)
  let stored = storedAtFirst
  let announced: readonly string[] | undefined
  let configured = backups
  let finding = record

  const counting = () => [...accepted.values()].filter(({ hash }) => !setAside.has(hash))
  const chain: RecoveryChain = {
    head: () => head,
    blocks: { canonicalHash: (number) => canonical.get(number), history: () => history },
    needHistory: (number) => void needed.push(number),
    holes: {
      missingBlock: ({ first, last }) => highestOf(missing, first, last),
      unknownHash: ({ first, last }) => highestOf(missing, first, last)
    },
    accepted: {
      acceptedBlock: (hash) => accepted.get(hash),
      namedBlock: (hash) => accepted.get(hash),
      acceptedAt: (number) => counting().filter((block) => block.number === number),
      // The canonical blocks count as accepted, as those of a node are.
      contestedHeights: () =>
        [...accepted.values()]
          .filter(({ number, hash }) => canonical.has(number) && canonical.get(number) !== hash)
          .map(({ number }) => number),
      highestAccepted: () => counting().sort((a, b) => Number(b.number - a.number))[0],
      async accept(blocks) {
        for (const block of blocks) accepted.set(block.hash, block)
        await hooks.onAccept?.()
      },
      get hasSetAside() {
        return setAside.size > 0
      },
      isSetAside: (hash) => setAside.has(hash),
      async setAside(hashes, reason) {
        for (const hash of hashes) setAside.set(hash, reason)
        return Promise.resolve()
      }
    }
  }
  const state: RecoveryState = {
    diskLayer: () => diskLayer,
    isReadable: (hash) => states.has(hash),
    isFetchUnderWay: () => isFetchUnderWay,
    readable: () => [...states.values()].sort((a, b) => Number(b.number - a.number)),
    async resetToGenesis() {
      states.clear()
      isFetchUnderWay = false
      addState(ref(0))
      diskLayer = { ...ref(0), root: ref(0).hash }
      resets.push(head)
      return Promise.resolve()
    }
  }
  const apply: RecoveryApply = {
    async applyBlock(block) {
      await hooks.onApply?.(block)
      if (block.parentHash !== head.hash) {
        return Promise.resolve({ kind: 'refused', reason: 'not a child of the head' })
      }
      head = { number: block.number, hash: block.hash }
      canonical.set(block.number, block.hash)
      addState(block)
      applied.push(block.hash)
      return Promise.resolve({ kind: 'applied' })
    },
    async replayBlock(number) {
      addState({ number, hash: canonical.get(number) ?? '0x' })
      return Promise.resolve({ kind: 'applied' })
    },
    async jump(block) {
      assert.equal(head.number, 0n)
      assert.equal(block.hash, diskLayer.hash)
      head = { number: block.number, hash: block.hash }
      canonical.set(block.number, block.hash)
      history.oldestBlock = block.number
      return Promise.resolve({ kind: 'applied' })
    },
    async linkBlocks(path, onLinked) {
      for (const hash of path) {
        const block = accepted.get(hash)
        assert.equal(block?.parentHash, head.hash)
        head = { number: block.number, hash }
        canonical.set(block.number, hash)
        linked.push(hash)
        onLinked(1)
      }
      assert.equal(head.hash, diskLayer.hash)
      return Promise.resolve({ kind: 'applied' })
    }
  }
  const diffs: RecoveryDiffs = {
    areStored: () => false,
    areServed: () => false,
    isExecutionDear: () => false,
    isApplyingDear: () => false,
    applyFetched: () => Promise.resolve(0),
    fetchReceipts: () => Promise.resolve({ kind: 'rebuilt' }),
    replayStored: () => Promise.resolve({ kind: 'failed', reason: 'none is stored' }),
    replayFetched: () => Promise.resolve({ kind: 'failed', reason: 'none is served' }),
    ...diffsChange?.(addState)
  }
  const recordPort: RecoveryRecord = {
    finding: () => finding,
    hashAt: (number) => recordBlocks.find((block) => block.number === number)?.hash,
    blocksAbove: (number) => recordBlocks.filter((block) => block.number > number),
    async adopt(on) {
      await hooks.onAdopt?.()
      adopted.push(on)
      if (finding.kind !== 'off') finding = { kind: 'good', tip: on }
      return Promise.resolve()
    },
    heightsAbove: (number) => recordBlocks.filter((block) => block.number > number),
    async release(above) {
      released.push(above)
      recordBlocks = recordBlocks.filter((block) => block.number <= above)
      if (finding.kind !== 'off') finding = { kind: 'good', tip: ref(Number(above)) }
      return Promise.resolve()
    }
  }
  const logged: { readonly event: string; readonly fields: unknown }[] = []
  const note = (event: string, fields: unknown) => void logged.push({ event, fields })
  const log: Log = { ...silentLog, warn: note }
  const gate = createGate()
  const statesAtHand = {
    areServed: () => stateFetches !== undefined && peers.size > 0,
    newest: () => undefined
  }
  const walk = servedWalk({ accepted, chain, served, fetched })
  const knowledge = new Knowledge(
    {
      clock,
      chain,
      states: statesAtHand,
      diffs,
      state,
      record: recordPort,
      peers: {
        connected: () => [...peers.keys()],
        clockFault: () => undefined,
        claimsAbove: () => false
      },
      storedBackups: {
        load: () => [stored, announced].filter((set) => set !== undefined),
        async announce(ids) {
          announced = ids
          await hooks.onAnnounce?.()
        },
        async settle() {
          stored = announced ?? stored
          announced = undefined
          hooks.onSettle?.()
          return Promise.resolve()
        }
      },
      backups: () => configured,
      writesWaitFor: () => (hooks.hasRoom ? undefined : 'disk-full')
    },
    {
      role,
      configuredPeers,
      quorum,
      startWithoutBackups,
      giveUpAbove,
      blockTimeMs: 1_000,
      scheduleNamesUs: (number) => number >= turn[0] && number <= turn[1]
    }
  )
  const exits: { path: string }[] = []
  const recovery = createRecovery(
    {
      clock,
      log,
      gate,
      knowledge,
      chain,
      diffs,
      state,
      apply,
      record: recordPort,
      progress: createProgress({ clock, log: silentLog, onStage: () => Promise.resolve() }),
      peers: {
        connected: () => [...peers.keys()],
        clockFault: () => undefined,
        claimsAbove: () => false
      },
      followAskMs: 2_000,
      hasSigned: () => false,
      async settled() {
        await hooks.signing
      },
      askTip: async (peer, on) => {
        const answer = peers.get(peer)
        if (answer === undefined) throw new Error('not connected')
        return answer(on)
      },
      fillGap: (gap, onFetched) => fillGap(walk, gap, { onFetched }),
      fetchAncestors: (wanted, onFetched) => fetchAncestors(walk, wanted, { onFetched }),
      states: {
        ...statesAtHand,
        async fetch(choosePivot) {
          const given = fetchResults.shift()
          if (given?.kind === 'failed') {
            isFetchUnderWay = true
            return given
          }
          const pivot = await choosePivot()
          if (pivot === undefined) return { kind: 'failed', reason: 'there is no pivot' }
          states.clear()
          isFetchUnderWay = false
          addState(pivot)
          diskLayer = { ...pivot }
          pivots.push(pivot)
          return { kind: 'fetched', pivot }
        }
      },
      history: {
        async down(to) {
          for (; history.oldestBlock > to; history.oldestBlock--) {
            const number = history.oldestBlock - 1n
            canonical.set(number, ref(Number(number)).hash)
          }
          return Promise.resolve(undefined)
        },
        receipts: () => Promise.resolve()
      },
      publish: async (block) => {
        published.push(block.hash)
        return Promise.resolve()
      }
    },
    (file) => exits.push(file)
  )
  const controller = new AbortController()
  let running: Promise<void> | undefined
  return {
    clock,
    gate,
    recovery,
    knowledge,
    chain,
    peers,
    served,
    applied,
    fetched,
    linked,
    resets,
    published,
    adopted,
    exits,
    hooks,
    released,
    logged,
    setAside,
    missing,
    history,
    needed,
    pivots,
    head: () => head,
    stored: () => stored,
    /** The block loop brings the block that it had signed to its end. */
    persist: (block: SignedBlock) => apply.applyBlock(block),
    async setBackups(ids: readonly string[]) {
      configured = ids
      recovery.onBackupsChanged()
      await settle()
    },
    start() {
      running = recovery.run(controller.signal)
    },
    async connect(peer: string, answer: TestPeer) {
      peers.set(peer, answer)
      recovery.onPeersChanged()
      await settle()
    },
    async stop() {
      controller.abort(new Error('stopped'))
      await running
    }
  }
}

function highestOf(heights: ReadonlySet<bigint>, first: bigint, last: bigint): bigint | undefined {
  const within = [...heights].filter((number) => number >= first && number <= last)
  return within.sort((one, other) => Number(other - one))[0]
}
