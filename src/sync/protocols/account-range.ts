// account_range as this node speaks it: accounts of one readable state, proved (protocols/account-range).
import {
  ACCOUNT_RANGE,
  type AccountRangeRequest,
  decodeAccountRange
} from '../../../protocols/account-range/codec.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { decodeAccount, encodeTrieAccount, readSlimHashes } from '../../state/account-codec.ts'
import { type ProvenNode } from '../../state/proven-state.ts'
import { AnswerRoom, judged, proveLeaves, type StateChecks } from './state-checks.ts'
import { requireHeld, type StateSource } from './state-source.ts'

/** Accounts that are proved. */
export interface ProvedAccounts {
  /** Ascending by address hash, none above the limit; bodies in slim RLP. Views of the answer. */
  readonly accounts: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[]
  /** The nodes between the edges of the stretch, with all that is below each. */
  readonly nodes: readonly ProvenNode[]
  /** True where there are more up to the limit. */
  readonly hasMore: boolean
}

/** A stretch of the accounts of a state. */
export const SERVED_ACCOUNT_RANGE: CheckedProtocol<
  AccountRangeRequest,
  Uint8Array,
  StateSource,
  StateChecks,
  ProvedAccounts
> = {
  def: ACCOUNT_RANGE,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  async *serve({ state }, asked, context) {
    yield requireHeld(await state.ranges.accountRange(asked, await state.beginTurns(context)))
  },
  async *check({ peer, request }, chunks, checks) {
    for await (const bytes of chunks) {
      const answered = { peer, protocol: ACCOUNT_RANGE.name }
      const { leaves, nodes, hasMore } = await judged(checks, answered, async () => {
        const { accounts, proof } = decodeAccountRange(bytes)
        const { root, origin, limit, maxBytes } = request
        const room = new AnswerRoom(maxBytes)
        return proveLeaves({ root, origin, limit, proof, leaves: accounts, toTrieValue, room })
      })
      const accounts = leaves.map(({ hash, value }) => ({ hash, body: value }))
      yield { accounts, nodes, hasMore }
    }
  }
}

/** Each account has one slim form: another one with the same fields is refused. */
function toTrieValue(body: Uint8Array): Uint8Array {
  readSlimHashes(body)
  return encodeTrieAccount(decodeAccount(body))
}
