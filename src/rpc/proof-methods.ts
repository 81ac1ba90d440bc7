// eth_getProof: an account and slots of it, proved against the state root of a block (EIP-1186).
import { z } from 'zod'
import { bytesToBigint, bytesToHex, hexQuantity, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { EMPTY_CODE_HASH } from '../state/account-codec.ts'
import { proveAccount, proveSlot } from '../state/state-proof.ts'
import { type StateView } from '../state/state-view.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { requireState } from './block-resolution.ts'
import { JsonItems } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { ZERO_HASH } from './operator-methods.ts'
import {
  addressParam,
  optionalBlockParam,
  parseParams,
  type SlotKey,
  storageKeyParam
} from './params.ts'
import { type RpcChain, type RpcNode, type RpcState } from './ports.ts'

/** What the methods read from. */
export interface ProofMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  readonly state: RpcState
}

/** Keys of one request; geth's maxGetProofKeys. */
const KEYS_MAX = 1024

const keysParam = z
  .array(storageKeyParam)
  .max(KEYS_MAX, `too many storage keys: at most ${String(KEYS_MAX)}; ask in several requests`)
  .nullable()

/** The methods by name. */
export function proofMethods(deps: ProofMethodDeps): Record<string, RpcMethod> {
  return {
    /** An account that does not exist has hashes of zeros, as geth shows it; its proof says that it is not there. */
    eth_getProof(params) {
      const [address, keys, block] = parseParams(params, [
        addressParam,
        keysParam,
        optionalBlockParam
      ])
      const { view } = requireState(deps, block)
      const addressHash = keccak256(hexToBytes(address))
      const { nodes, account } = proveAccount(view, addressHash)
      const owner = { addressHash, storageRoot: account?.storageRoot ?? EMPTY_ROOT }
      return {
        address,
        accountProof: nodes.map(bytesToHex),
        balance: hexQuantity(account?.balance ?? 0n),
        codeHash:
          account === undefined ? ZERO_HASH : bytesToHex(account.codeHash ?? EMPTY_CODE_HASH),
        nonce: hexQuantity(account?.nonce ?? 0n),
        storageHash: account === undefined ? ZERO_HASH : bytesToHex(account.storageRoot),
        storageProof: new JsonItems(provedSlots(view, owner, keys ?? []))
      }
    }
  }
}

/** One at a time: each walks down a trie, and is some kilobytes of answer. */
function* provedSlots(
  view: StateView,
  owner: Parameters<typeof proveSlot>[1],
  keys: readonly SlotKey[]
) {
  for (const { bytes, shown } of keys) {
    const { nodes, value } = proveSlot(view, owner, keccak256(bytes))
    yield {
      key: shown,
      value: hexQuantity(value === undefined ? 0n : bytesToBigint(value)),
      proof: nodes.map(bytesToHex)
    }
  }
}
