// Every request protocol that this node answers and asks, in one list.
import { type RequestDeadlines } from '../../reqresp/requester.ts'
import { type ServedProtocol } from '../../reqresp/served-protocol.ts'
import { SERVED_ACCOUNT_RANGE } from './account-range.ts'
import { type MessageByHashSource, SERVED_BLOCKS_BY_HASH } from './blocks-by-hash.ts'
import { type MessageSource, SERVED_BLOCKS_BY_RANGE } from './blocks-by-range.ts'
import { SERVED_BYTE_CODES } from './byte-codes.ts'
import { SERVED_PAYLOAD_BY_NUMBER, type StoredPayloads } from './payload-by-number.ts'
import { SERVED_SIGNED_TIP, type TipSource } from './signed-tip.ts'
import { SERVED_STATE_DIFFS, type StoredDiffs } from './state-diffs-by-range.ts'
import { type StateSource } from './state-source.ts'
import { SERVED_STATUS, type StatusSource } from './status.ts'
import { SERVED_STORAGE_RANGES } from './storage-ranges.ts'
import { SERVED_TRIE_NODES } from './trie-nodes.ts'

/** What all of them are served from. A protocol takes the least that it needs; node/ joins the sum. */
export interface ServedSources extends TipSource, StatusSource, StateSource {
  readonly blocks: MessageSource & StoredDiffs & StoredPayloads
  readonly accepted: MessageByHashSource
}

/** In the order in which what a peer does not speak is named to operators. */
export const SERVED_PROTOCOLS: readonly ServedProtocol<unknown, unknown, ServedSources>[] = [
  SERVED_SIGNED_TIP,
  SERVED_STATUS,
  SERVED_BLOCKS_BY_RANGE,
  SERVED_BLOCKS_BY_HASH,
  SERVED_STATE_DIFFS,
  SERVED_ACCOUNT_RANGE,
  SERVED_STORAGE_RANGES,
  SERVED_BYTE_CODES,
  SERVED_TRIE_NODES,
  SERVED_PAYLOAD_BY_NUMBER
]

const ASK_DEADLINES: ReadonlyMap<string, RequestDeadlines> = new Map(
  SERVED_PROTOCOLS.map(({ def, deadlines }) => [def.name, deadlines.ask])
)

/** How long a request of the protocol may take; undefined for one that is not of the list. */
export function deadlinesOf({ name }: { readonly name: string }): RequestDeadlines | undefined {
  return ASK_DEADLINES.get(name)
}
