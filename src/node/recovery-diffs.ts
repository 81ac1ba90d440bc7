// State diffs as recovery uses them: our own out of the store, the peers' by request.
import { type Applier } from '../apply/applier.ts'
import { ApplyError } from '../apply/apply-error.ts'
import { errorMessage } from '../base/node-error.ts'
import { type DiffsResult, type RecoveryDiffs, type StateStretch } from '../recovery/ports.ts'
import { type FetchDiffsDeps, fetchDiffs } from '../sync/fetch-diffs.ts'
import { type OpenStores } from './open-stores.ts'
import { type PeerClaims } from './peer-claims.ts'

/** Executing so much gas takes about as long as asking a peer for diffs and checking them. */
export const EXECUTION_CHEAP_MAX_GAS = 200_000_000n
/** So many blocks are worth asking for, whatever is in them. */
export const EXECUTION_CHEAP_MAX_BLOCKS = 1_024n

/** What the port is joined to. */
export interface RecoveryDiffsDeps extends FetchDiffsDeps {
  readonly stores: Pick<OpenStores, 'blocks'>
  readonly applier: Applier
  readonly claims: PeerClaims
  readonly connected: () => readonly string[]
}

/** Both ways to state diffs. */
export function recoveryDiffs(deps: RecoveryDiffsDeps): RecoveryDiffs {
  const { stores, applier } = deps
  const { blocks } = stores
  return {
    areStored({ from }) {
      const oldest = blocks.oldestDiff()
      return oldest !== undefined && oldest <= from.number + 1n
    },
    areServed: (stretch) => peersWith(deps, stretch).length > 0,
    isExecutionDear: (stretch) => isExecutionDear(stores, stretch),
    replayStored: ({ from, to }, onReplayed, signal) =>
      outcomeOf(async () => {
        await applier.replayDiffs({ from, to: to.number, onReplayed, signal })
        return { kind: 'rebuilt' }
      }),
    replayFetched: (stretch, onReplayed, signal) =>
      outcomeOf(async () => {
        const heights = { first: stretch.from.number + 1n, last: stretch.to.number }
        const peers = peersWith(deps, stretch)
        const fetched = await fetchDiffs(deps, { ...heights, peers, signal }, async (...taken) => {
          const [number, bytes, peer] = taken
          await applier.replayDiff(number, bytes)
          onReplayed(1, { peer, bytes: bytes.length })
        })
        return fetched.kind === 'done' ? { kind: 'rebuilt' } : fetched
      })
  }
}

/** An ApplyError says which block's diff does not do; anything else is ours and is thrown. */
async function outcomeOf(work: () => Promise<DiffsResult>): Promise<DiffsResult> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ApplyError)) throw thrown
    return { kind: 'failed', reason: errorMessage(thrown) }
  }
}

/** Those whose status claims all the diffs; a claim is a hint. */
function peersWith(
  { connected, claims }: Pick<RecoveryDiffsDeps, 'connected' | 'claims'>,
  { from, to }: StateStretch
): readonly string[] {
  return connected().filter((peer) => {
    const status = claims.status(peer)
    if (status?.oldestDiff === undefined) return false
    return status.oldestDiff <= from.number + 1n && status.unsafeNumber >= to.number
  })
}

function isExecutionDear(
  { blocks }: Pick<OpenStores, 'blocks'>,
  { from, to }: StateStretch
): boolean {
  if (to.number - from.number > EXECUTION_CHEAP_MAX_BLOCKS) return true
  let gas = 0n
  for (let number = from.number + 1n; number <= to.number; number++) {
    gas += blocks.blockByNumber(number)?.header.gasUsed ?? 0n
    if (gas > EXECUTION_CHEAP_MAX_GAS) return true
  }
  return false
}
