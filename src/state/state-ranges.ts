// What peers are served of a readable state: ranges with proofs, codes, trie nodes; bounded in bytes and time.
import { type AccountRangeRequest } from '../../protocols/account-range/codec.ts'
import {
  BYTE_CODE_MAX_BYTES,
  type ByteCodesRequest,
  CODE_OVERHEAD_BYTES
} from '../../protocols/byte-codes/codec.ts'
import { encodeItems, encodeProved } from '../../protocols/state-leaves.ts'
import { type StorageRangesRequest } from '../../protocols/storage-ranges/codec.ts'
import {
  NODE_OVERHEAD_BYTES,
  type TriePath,
  type TrieNodesRequest
} from '../../protocols/trie-nodes/codec.ts'
import { type AnswerTurns } from '../base/answer-turns.ts'
import { bytesToHex, EMPTY_BYTES, hexToBytes } from '../base/bytes.ts'
import { nodeAtPath, proveRange } from '../trie/proof.ts'
import { decodeAccount, encodeSlimAccount } from './account-codec.ts'
import { nameDamage, nameDamageLater } from './damaged-node.ts'
import { collectLeaves, type LeafStretch, roomOf } from './leaf-range.ts'
import { decodeSlotValue } from './slot-value.ts'
import { StateError } from './state-error.ts'
import { type StateStore } from './state-store.ts'
import { type StateView } from './state-view.ts'

/**
 * Answers of the four protocols of state. Each is undefined where the state with that root cannot be read: it is not
 * held, it left memory meanwhile, or what was asked for is damaged.
 */
export interface StateRanges {
  /** An AccountRange in SSZ. */
  accountRange(asked: AccountRangeRequest, turns: AnswerTurns): Promise<Uint8Array | undefined>
  /** A StorageRanges in SSZ; undefined too where the first account is not in the state. */
  storageRanges(asked: StorageRangesRequest, turns: AnswerTurns): Promise<Uint8Array | undefined>
  /** Codes of any readable state, those that are not held left out. */
  byteCodes(asked: ByteCodesRequest, turns: AnswerTurns): Promise<readonly Uint8Array[]>
  /** A node for each of the first paths; empty where none stands there. */
  trieNodes(asked: TrieNodesRequest, turns: AnswerTurns): Promise<readonly Uint8Array[] | undefined>
}

/** What is served from; the state store satisfies it. */
export type ServedState = Pick<StateStore, 'viewOfRoot' | 'code'>

/** Serves a state store. */
export function createStateRanges(state: ServedState): StateRanges {
  const withView = <T>(
    root: Uint8Array,
    read: (view: StateView) => Promise<T | undefined>
  ): Promise<T | undefined> =>
    unlessUnreadable(async () => {
      const view = state.viewOfRoot(bytesToHex(root))
      return view && noting(view, () => read(view))
    })
  return {
    accountRange: (asked, turns) =>
      withView(asked.root, (view) =>
        nameDamageLater(undefined, () => accounts(view, asked, turns))
      ),
    storageRanges: (asked, turns) => withView(asked.root, (view) => slots(view, asked, turns)),
    byteCodes: (asked, turns) => codes(state, asked, turns),
    trieNodes: (asked, turns) => withView(asked.root, (view) => nodes(view, asked, turns))
  }
}

async function accounts(
  view: StateView,
  { root, origin, limit, maxBytes }: AccountRangeRequest,
  turns: AnswerTurns
): Promise<Uint8Array> {
  const stretch: LeafStretch = {
    ...{ source: { node: (path) => view.node(undefined, path) }, root, origin, limit },
    toValue: (value) => encodeSlimAccount(decodeAccount(value))
  }
  const room = { bytes: roomOf(maxBytes), isFirst: true }
  const { leaves, lastKey } = await collectLeaves(stretch, room, turns)
  return encodeProved(leaves.finish(), proofOf(stretch, lastKey))
}

function proofOf({ source, root, origin }: LeafStretch, last: Uint8Array | undefined) {
  return proveRange(source, root, { origin, last })
}

/** Whole storages as long as there is room, then a part of one, with its proof. */
async function slots(
  view: StateView,
  { accounts: asked, origin, limit, maxBytes }: StorageRangesRequest,
  turns: AnswerTurns
): Promise<Uint8Array | undefined> {
  const lists: Uint8Array[] = []
  let left = roomOf(maxBytes)
  let proof: readonly Uint8Array[] = []
  const isFromStart = origin.every((byte) => byte === 0)
  for (const account of asked) {
    if (turns.isSpent || view.account(account) === undefined) break
    const root = view.storageRoot(account)
    const stretch: LeafStretch = {
      ...{ source: { node: (path) => view.node(account, path) }, root, origin, limit },
      toValue: decodeSlotValue
    }
    const isFirst = lists.length === 0
    const range = await nameDamageLater(account, async () => {
      const { leaves, lastKey, isEnd } = await collectLeaves(
        stretch,
        { bytes: left, isFirst },
        turns
      )
      const isWhole = isEnd && isFromStart
      return { leaves, isWhole, proof: isWhole ? [] : proofOf(stretch, lastKey) }
    })
    // Where not one slot of it fits, it is left for the next request.
    if (!range.isWhole && range.leaves.count === 0 && !isFirst) break
    lists.push(range.leaves.finish())
    if (!range.isWhole) {
      proof = range.proof
      break
    }
    left -= range.leaves.sizeBytes
    const pause = turns.pause()
    if (pause !== undefined) await pause
  }
  return lists.length === 0 ? undefined : encodeProved(encodeItems(lists), proof)
}

async function codes(
  state: Pick<ServedState, 'code'>,
  { hashes, maxBytes }: ByteCodesRequest,
  turns: AnswerTurns
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = []
  let left = roomOf(maxBytes)
  for (const hash of hashes) {
    const code = await unlessUnreadable(() => state.code(hash))
    if (code !== undefined && code.length <= BYTE_CODE_MAX_BYTES) {
      left -= code.length + CODE_OVERHEAD_BYTES
      if (left < 0 && found.length > 0) break
      found.push(code)
    }
    const pause = turns.pause()
    if (pause !== undefined) await pause
    if (turns.isSpent && found.length > 0) break
  }
  return found
}

async function nodes(
  view: StateView,
  { paths, maxBytes }: TrieNodesRequest,
  turns: AnswerTurns
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = []
  let left = roomOf(maxBytes)
  for (const path of paths) {
    const node = nodeOf(view, path) ?? EMPTY_BYTES
    left -= node.length + NODE_OVERHEAD_BYTES
    if (left < 0 && found.length > 0) break
    found.push(node)
    const pause = turns.pause()
    if (pause === undefined) continue
    await pause
    if (turns.isSpent) break
  }
  return found
}

/** A node that is damaged, or stands below a damaged one, is lacked as a missing one is: another peer has it. */
function nodeOf(view: StateView, { account, path }: TriePath): Uint8Array | undefined {
  const owner = account.every((byte) => byte === 0) ? undefined : account
  const root = owner === undefined ? hexToBytes(view.root) : view.storageRoot(owner)
  try {
    return nameDamage(owner, () => nodeAtPath({ node: (at) => view.node(owner, at) }, root, path))
  } catch (thrown) {
    if (!(thrown instanceof StateError) || thrown.failure.code !== 'node-damaged') throw thrown
    view.noteDamage?.(thrown)
    return undefined
  }
}

/** What is found damaged is mended for the next one who asks. */
async function noting<T>(view: StateView, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    view.noteDamage?.(thrown)
    throw thrown
  }
}

/** Undefined for what StateError says cannot be read. */
async function unlessUnreadable<T>(
  read: () => Promise<T | undefined> | T | undefined
): Promise<T | undefined> {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof StateError) return undefined
    throw thrown
  }
}
