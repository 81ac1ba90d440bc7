// Proofs of accounts and slots against a state root (EIP-1186), read from the path-keyed tries of one block.
import { hexToBytes } from '../base/bytes.ts'
import { type NodeSource } from '../trie/node-source.ts'
import { type KeyProof, proveKey } from '../trie/proof.ts'
import { decodeAccount, type StoredAccount } from './account-codec.ts'
import { nameDamage } from './damaged-node.ts'
import { decodeSlotValue } from './slot-value.ts'
import { type StateView } from './state-view.ts'

/** The tries of one block. */
export type ProvableState = Pick<StateView, 'root' | 'node' | 'noteDamage'>

/** An account as its trie has it, or undefined where the nodes show that there is none. */
export interface AccountProof extends Pick<KeyProof, 'nodes'> {
  readonly account: StoredAccount | undefined
}

/** The account comes out of the trie as well, so that it is what the nodes prove. Throws StateError on damage. */
export function proveAccount(state: ProvableState, addressHash: Uint8Array): AccountProof {
  return noting(state, undefined, () => {
    const source = sourceOf(state, undefined)
    const { nodes, value } = proveKey(source, hexToBytes(state.root), addressHash)
    return { nodes, account: value && decodeAccount(value) }
  })
}

/**
 * A slot of the account whose proof gave this storage root: the value without leading zeros, undefined where the nodes
 * show that it is zero. Throws StateError on damage.
 */
export function proveSlot(
  state: ProvableState,
  {
    addressHash,
    storageRoot
  }: { readonly addressHash: Uint8Array; readonly storageRoot: Uint8Array },
  slotHash: Uint8Array
): KeyProof {
  return noting(state, addressHash, () => {
    const { nodes, value } = proveKey(sourceOf(state, addressHash), storageRoot, slotHash)
    return { nodes, value: value && decodeSlotValue(value) }
  })
}

function noting<T>(state: ProvableState, owner: Uint8Array | undefined, read: () => T): T {
  try {
    return nameDamage(owner, read)
  } catch (thrown) {
    state.noteDamage?.(thrown)
    throw thrown
  }
}

function sourceOf(state: ProvableState, owner: Uint8Array | undefined): NodeSource {
  return { node: (path) => state.node(owner, path) }
}
