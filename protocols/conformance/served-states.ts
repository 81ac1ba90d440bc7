// Parts of a state out of answers: decoded, or with the rule that they break.
import { RLP } from '@ethereumjs/rlp'
import { type AccountRange, decodeAccountRange } from '../account-range/codec.ts'
import { BYTE_CODES } from '../byte-codes/codec.ts'
import { ProtocolError, type ProtocolFailure } from '../protocol-error.ts'
import { type StateLeaf } from '../state-leaves.ts'
import { decodeStorageRanges } from '../storage-ranges/codec.ts'
import { TRIE_NODES } from '../trie-nodes/codec.ts'
import { keccak256, toHex } from './block-maker.ts'
import { type Answer, contentsOf } from './frames.ts'
import { EMPTY_TRIE } from './trie-ways.ts'

/** What an answer holds; `broken` where its one chunk does not decode, and whether its bytes or a field are wrong. */
export type Served<Value> =
  | { readonly value: Value; readonly broken?: undefined }
  | {
      readonly value?: undefined
      readonly broken: { readonly kind: 'bytes' | 'field'; readonly reason: string }
    }

/** Accounts with their proof. */
export interface ServedAccounts extends Pick<AccountRange, 'proof'> {
  readonly accounts: readonly StateLeaf[]
}

/** Slots by account, with the proof of the last. */
export interface ServedSlots {
  readonly slots: readonly (readonly StateLeaf[])[]
  readonly proof: readonly Uint8Array[]
}

/** An account out of its slim body. */
export interface SlimAccount {
  /** RLP as the trie has it. */
  readonly trieValue: Uint8Array
  readonly storageRoot: Uint8Array
  /** Undefined without code. */
  readonly codeHash: Uint8Array | undefined
}

const NO_CODE = keccak256(new Uint8Array())

/** The accounts of an answer; undefined where it has no chunk that can be read. */
export function accountsOf(answer: Answer): Served<ServedAccounts> | undefined {
  return served(answer, (bytes) => {
    const { accounts, proof } = decodeAccountRange(bytes)
    return { accounts: [...accounts], proof }
  })
}

/** The slots of an answer. */
export function slotsOf(answer: Answer): Served<ServedSlots> | undefined {
  return served(answer, (bytes) => {
    const { slots, proof } = decodeStorageRanges(bytes)
    return { slots: slots.map((list) => [...list]), proof }
  })
}

/** The codes of an answer. */
export function codesOf(answer: Answer): Served<readonly Uint8Array[]> | undefined {
  return served(answer, (bytes) => BYTE_CODES.chunk.decode(0, bytes).codes)
}

/** The nodes of an answer. */
export function nodesOf(answer: Answer): Served<readonly Uint8Array[]> | undefined {
  return served(answer, (bytes) => TRIE_NODES.chunk.decode(0, bytes).nodes)
}

function served<Value>(
  answer: Answer,
  decode: (bytes: Uint8Array) => Value
): Served<Value> | undefined {
  const [bytes] = contentsOf(answer)
  if (bytes === undefined) return undefined
  try {
    return { value: decode(bytes) }
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown
    const { code } = thrown.failure as ProtocolFailure
    const kind = code === 'field-invalid' ? 'field' : 'bytes'
    return { broken: { kind, reason: thrown.message } }
  }
}

/** Throws Error, in words, where it is not the one slim form of an account (SD-10). */
export function readSlim(body: Uint8Array): SlimAccount {
  const fields = RLP.decode(body)
  if (!Array.isArray(fields) || toHex(RLP.encode(fields)) !== toHex(body)) {
    throw new Error('no list in its one encoding')
  }
  const [nonce, balance, storageRoot, codeHash] = fields
  const isFlat =
    nonce instanceof Uint8Array &&
    balance instanceof Uint8Array &&
    storageRoot instanceof Uint8Array &&
    codeHash instanceof Uint8Array
  if (!isFlat || fields.length !== 4) throw new Error('not four fields')
  if (nonce.length > 8 || nonce[0] === 0) throw new Error(`nonce ${toHex(nonce)}`)
  if (balance.length > 32 || balance[0] === 0) throw new Error(`balance ${toHex(balance)}`)
  for (const [hash, empty] of [
    [storageRoot, EMPTY_TRIE],
    [codeHash, NO_CODE]
  ] as const) {
    if (hash.length !== 0 && hash.length !== 32) throw new Error('a hash that is not 32 bytes')
    if (toHex(hash) === toHex(empty)) throw new Error('the hash of nothing is written out')
  }
  const root = storageRoot.length === 0 ? EMPTY_TRIE : storageRoot
  return {
    trieValue: RLP.encode([nonce, balance, root, codeHash.length === 0 ? NO_CODE : codeHash]),
    storageRoot: root,
    codeHash: codeHash.length === 0 ? undefined : codeHash
  }
}

/** The same; undefined where it is none. */
export function trySlim(body: Uint8Array): SlimAccount | undefined {
  try {
    return readSlim(body)
  } catch {
    return undefined
  }
}
