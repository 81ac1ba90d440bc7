// Exchanges status with every peer that speaks it: on connect, and when our head moves, at most once a second per peer.
import { STATUS, type Status } from '../../protocols/status/codec.ts'
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { type Log } from '../base/log.ts'
import { LruMap } from '../base/lru.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Service } from '../base/service.ts'
import { type RequestChunks } from './protocols/asking.ts'
import { type Partner, StatusPartners, type StatusPartnersDeps } from './status-partners.ts'

/** A peer hears of a moved head at most once in so long. */
export const STATUS_INTERVAL_MS = 1_000
/** And again after so long, whatever the head does: clocks and claims grow old. */
export const STATUS_REFRESH_MS = 10_000

/** Peers whose fork digest is remembered, so that each is shown once. */
const SHOWN_DIGESTS_MAX = 1_000

/** What the loop needs. */
export interface StatusLoopDeps extends StatusPartnersDeps {
  readonly log: Log
  readonly request: RequestChunks
  readonly ownStatus: () => Status
  /** Remembers a peer's claims. */
  readonly onStatus: (peer: string, status: Status, timing: StatusTiming) => void
  /** Another chain: nothing this peer says can be of use. */
  readonly disconnect: (peer: string) => Promise<void>
}

/** How long a status took, to compare clocks. */
export interface StatusTiming {
  /** Of the request; 0 for one that came unasked. */
  readonly tripMs: number
}

/** The loop, and the serving side of the same exchange. */
export interface StatusLoop extends Service {
  onConnected(peer: string): void
  /** What the peer says that it answers has changed. */
  onProtocols(peer: string): void
  onHeadMoved(): void
  /** Takes a peer's claims and yields our own status; a peer of another chain is sent away after that. */
  answer(peer: string, theirs: Status): Iterable<Status>
}

/** Makes the loop; nothing is sent before `run`. */
export function createStatusLoop(deps: StatusLoopDeps): StatusLoop {
  const { clock, log, ownStatus } = deps
  const partners = new StatusPartners(deps)
  const showForks = createForksNotice(log)
  /** Exchanges under way, one a peer at most: who takes long keeps nobody else waiting. */
  const underWay = new Map<string, Promise<void>>()

  async function exchange(partner: Partner, signal: AbortSignal): Promise<void> {
    const { peer } = partner
    const sentMs = clock.monotonicMs()
    try {
      for await (const theirs of deps.request(peer, STATUS, ownStatus(), signal)) {
        const tripMs = clock.monotonicMs() - sentMs
        take(peer, theirs, { tripMs })
      }
      partners.noteDone(partner)
    } catch (thrown) {
      if (signal.aborted) return
      log.debug('status-failed', { peer, reason: errorMessage(thrown) })
      partners.noteFailure(partner, thrown)
    }
  }

  /** Everybody who has not heard of our head; who is being told right now is told again next time. */
  function startRound(signal: AbortSignal): void {
    for (const partner of partners.takeDue((one) => underWay.has(one))) {
      const { peer } = partner
      const done = exchange(partner, signal).finally(() => underWay.delete(peer))
      underWay.set(peer, done)
    }
  }

  function take(peer: string, theirs: Status, timing: StatusTiming): void {
    const ours = ownStatus()
    if (!isOfOneChain(ours, theirs)) {
      sendAway(deps, peer, theirs)
      return
    }
    showForks(peer, theirs, ours)
    deps.onStatus(peer, theirs, timing)
  }

  return {
    onConnected: partners.begin.bind(partners),
    onProtocols: partners.add.bind(partners),
    onHeadMoved: partners.addAll.bind(partners),
    *answer(peer, theirs) {
      const ours = ownStatus()
      // The answer first: sending a peer away would cut it off, and the peer would not learn why.
      if (!isOfOneChain(ours, theirs)) yield ours
      take(peer, theirs, { tripMs: 0 })
      if (isOfOneChain(ours, theirs)) yield ours
    },
    async run(signal) {
      let refreshedMs = clock.monotonicMs()
      let told = headsOf(ownStatus())
      try {
        while (!signal.aborted) {
          const heads = headsOf(ownStatus())
          const isOld = clock.monotonicMs() - refreshedMs >= STATUS_REFRESH_MS
          if (isOld) refreshedMs = clock.monotonicMs()
          if (isOld || heads !== told) {
            told = heads
            partners.addAll()
          }
          startRound(signal)
          await clock.sleep(STATUS_INTERVAL_MS, signal)
        }
      } finally {
        await Promise.all(underWay.values())
      }
    }
  }
}

/** Shows each peer of other forks once, and again when it says another digest: it will differ over blocks. */
function createForksNotice(log: Log): (peer: string, theirs: Status, ours: Status) => void {
  const shown = new LruMap<string, string>(SHOWN_DIGESTS_MAX)
  return (peer, theirs, ours) => {
    const forkDigest = bytesToHex(theirs.forkDigest)
    const isShown = shown.get(peer) === forkDigest
    shown.set(peer, forkDigest)
    if (isShown || equalBytes(theirs.forkDigest, ours.forkDigest)) return
    log.warn('peer-with-other-forks', {
      peer,
      forkDigest,
      ourForkDigest: bytesToHex(ours.forkDigest)
    })
  }
}

/** ST-9: what is told again when it has moved; a block may be accepted long before it is applied. */
function headsOf({ unsafeHash, acceptedHash }: Status): string {
  return `${bytesToHex(unsafeHash)}/${bytesToHex(acceptedHash)}`
}

function isOfOneChain(ours: Status, theirs: Status): boolean {
  return theirs.chainId === ours.chainId && equalBytes(theirs.genesisHash, ours.genesisHash)
}

function sendAway(
  { log, ownStatus, disconnect }: Pick<StatusLoopDeps, 'log' | 'ownStatus' | 'disconnect'>,
  peer: string,
  { chainId, genesisHash }: Status
): void {
  const ours = ownStatus()
  log.warn('peer-on-another-chain', {
    peer,
    chainId,
    genesisHash: bytesToHex(genesisHash),
    ourChainId: ours.chainId,
    ourGenesisHash: bytesToHex(ours.genesisHash)
  })
  disconnect(peer).catch((thrown: unknown) => {
    log.debug('disconnect-failed', { peer, reason: errorMessage(thrown) })
  })
}
