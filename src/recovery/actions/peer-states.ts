// States as recovery has them fetched: which peers serve them, and a whole one in ranges (src/sync/README.md, "States").
import { type Status } from '../../../protocols/status/codec.ts'
import { hexToBytes } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type FetchCheckpoint, shareFetched, shareOf } from '../../state/fetch-checkpoint.ts'
import { type StateStore } from '../../state/state-store.ts'
import { fetchWholeState, StateUnserved } from '../../sync/fetching/fetch-state.ts'
import { type FetchStateDeps, type Pivot } from '../../sync/fetching/state-parts.ts'
import { type RecoveryStates, type StatePivot } from './ports.ts'
import { type DetailedCounter } from './progress.ts'

/** Who serves states, and what takes them. */
export interface RecoveryStatesDeps extends Omit<FetchStateDeps, 'onProgress'> {
  readonly state: Pick<StateStore, 'beginFetch' | 'takeFetched'>
  /** What peers say of themselves, as a hint; the last status of each. */
  readonly claims: { status(peer: string): Pick<Status, 'newestState'> | undefined }
  /** Peers that an operator named and that have not said yet what they speak. */
  readonly isAwaitingProtocols: () => boolean
}

/** One per node: no two states are fetched at once. */
export function recoveryStates(deps: RecoveryStatesDeps): RecoveryStates {
  const { state, claims, serving, isAwaitingProtocols } = deps
  return {
    areServed() {
      if (serving().length > 0) return true
      return isAwaitingProtocols() ? undefined : false
    },
    newest() {
      const claimed = serving().flatMap((peer) => claims.status(peer)?.newestState ?? [])
      const descending = claimed.sort((one, other) => Number(other - one))
      // Half of them have it at least, so that a single one that is ahead is not the only one to ask.
      return descending[Math.floor((descending.length - 1) / 2)]
    },
    async fetch(choosePivot, counter, signal) {
      const fetched = await state.beginFetch()
      const report = fetchReporter(fetched.checkpoint, counter)
      try {
        const choose = async () => toPivot(await choosePivot())
        const pivot = await fetchWholeState(
          { ...deps, onProgress: report },
          fetched,
          choose,
          signal
        )
        const { number, hash } = pivot
        const root = pivot.stateRoot
        await state.takeFetched(fetched, { number, hash, root })
        return { kind: 'fetched', pivot: { number, hash } }
      } catch (thrown) {
        if (!(thrown instanceof StateUnserved)) throw thrown
        return { kind: 'failed', reason: errorMessage(thrown) }
      }
    }
  }
}

/** Counts what came; what is to come is estimated from what this process brought of the key spaces. */
export function fetchReporter(
  begun: Pick<FetchCheckpoint, 'accounts' | 'large'>,
  counter: DetailedCounter
): FetchStateDeps['onProgress'] {
  const [accountsBefore, before] = [shareOf(begun.accounts), shareFetched(begun)]
  let items = 0
  return (progress, { peer, bytes }) => {
    const { accounts, slots, codes, nodes, accountsShare, share } = progress
    const now = accounts + slots + codes + nodes
    counter.add({ items: now - items, bytes, peer })
    items = now
    const [ofAccounts, ofAll] = [
      { from: accountsBefore, to: accountsShare },
      { from: before, to: share }
    ]
    const left = leftOf(items, ofAll)
    if (left !== undefined) counter.expect(left)
    const part = (name: string, done: number, left?: number) => ({
      name,
      done,
      expected: left === undefined ? undefined : done + left
    })
    const parts = [
      part('accounts', accounts, leftOf(accounts, ofAccounts)),
      part('slots', slots, leftOf(slots, ofAll)),
      part('codes', codes),
      part('nodes', nodes)
    ]
    counter.detail(parts, share)
  }
}

/** Keys are hashes, so they lie evenly. */
function leftOf(
  done: number,
  { from, to }: { readonly from: number; readonly to: number }
): number | undefined {
  return to > from ? Math.round((done * (1 - to)) / (to - from)) : undefined
}

function toPivot(pivot: StatePivot | undefined): Pivot | undefined {
  if (pivot === undefined) return undefined
  const { number, hash, root } = pivot
  return { number, hash, stateRoot: root, root: hexToBytes(root) }
}
