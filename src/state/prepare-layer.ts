// Computes what a block's changes do to the tries: dirty nodes once encoded and hashed, roots, flat entries.
import { bytesToHex, equalBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder, type Yielder } from '../base/yielder.ts'
import { isEmptyRoot } from '../trie/node-source.ts'
import { createTrie, EMPTY_ROOT, type Trie, type TrieCommit } from '../trie/trie.ts'
import { encodeSlimAccount, encodeTrieAccount } from './account-codec.ts'
import { nameDamageLater } from './damaged-node.ts'
import { accountKey, bytesToKey, codeKey, type EntryKey, nodeKey, slotKey } from './entry-key.ts'
import { type PreparedLayer } from './layer.ts'
import { packLayer } from './pack-values.ts'
import { encodeSlotValue } from './slot-value.ts'
import { type AccountChange, type StateChanges } from './state-view.ts'

/** The parent's state, as computing a layer on it reads it. */
export interface ParentState {
  readonly hash: Hex
  readonly root: Uint8Array
  readonly storageRoot: (addressHash: Uint8Array) => Uint8Array
  /** A node of the account trie, or with an owner of that account's storage trie. */
  readonly node: (owner: Uint8Array | undefined, path: Uint8Array) => Uint8Array | undefined
}

/** Throws StateError when a node of the parent is damaged or missing. Yields between accounts. */
export async function prepareLayer(
  parent: ParentState,
  changes: StateChanges
): Promise<PreparedLayer> {
  return nameDamageLater(undefined, () => applyChanges(parent, changes))
}

async function applyChanges(
  parent: ParentState,
  { accounts, codes }: StateChanges
): Promise<PreparedLayer> {
  const yielder = createYielder()
  const entries = new Map<EntryKey, Uint8Array | undefined>()
  const cleared = new Set<string>()
  const storageRoots = new Map<string, Uint8Array>()
  for (const code of codes) entries.set(codeKey(keccak256(code)), code)

  const trie = createTrie({ node: (path) => parent.node(undefined, path) }, parent.root)
  for (const change of accounts) {
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
    const { addressHash, account } = change
    const owner = bytesToKey(addressHash)
    const isWiped = account === undefined || change.storageCleared
    // What had no storage costs nobody a search for it, however many such accounts a block deletes.
    if (isWiped && !isEmptyRoot(parent.storageRoot(addressHash))) cleared.add(owner)
    if (account === undefined) {
      storageRoots.set(owner, EMPTY_ROOT)
      entries.set(accountKey(addressHash), undefined)
      trie.delete(addressHash)
      continue
    }
    const storageRoot = await nameDamageLater(addressHash, () =>
      commitStorage(parent, change, entries, yielder)
    )
    storageRoots.set(owner, storageRoot)
    const stored = { ...account, storageRoot }
    entries.set(accountKey(addressHash), encodeSlimAccount(stored))
    trie.put(addressHash, encodeTrieAccount(stored))
  }
  const { root, nodes } = await commitInTurns(trie, yielder)
  await addNodes(entries, { owner: undefined, nodes }, yielder)
  return {
    root: bytesToHex(root),
    parentHash: parent.hash,
    content: await packLayer({ entries, cleared }),
    storageRoot: (hash) => storageRoots.get(bytesToKey(hash)) ?? parent.storageRoot(hash)
  }
}

/** Applies the slots of one account; its storage trie starts empty when it was wiped. */
async function commitStorage(
  parent: ParentState,
  { addressHash, storageCleared, slots }: AccountChange,
  entries: Map<EntryKey, Uint8Array | undefined>,
  yielder: Yielder
): Promise<Uint8Array> {
  const before = storageCleared ? EMPTY_ROOT : parent.storageRoot(addressHash)
  if (slots.length === 0) return before
  const trie = createTrie({ node: (path) => parent.node(addressHash, path) }, before)
  for (const { slotHash, value } of slots) {
    const key = slotKey(addressHash, slotHash)
    if (value.length === 0) {
      trie.delete(slotHash)
      entries.set(key, undefined)
    } else {
      trie.put(slotHash, encodeSlotValue(value))
      entries.set(key, value)
    }
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  const { root, nodes } = await commitInTurns(trie, yielder)
  if (!equalBytes(root, before)) {
    await addNodes(entries, { owner: addressHash, nodes }, yielder)
  }
  return root
}

/** All of a trie's changes; others have their turn between its subtrees. */
async function commitInTurns(trie: Trie, yielder: Yielder): Promise<TrieCommit> {
  const steps = trie.commitInSteps()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
}

async function addNodes(
  entries: Map<EntryKey, Uint8Array | undefined>,
  { owner, nodes }: { readonly owner: Uint8Array | undefined } & Pick<TrieCommit, 'nodes'>,
  yielder: Yielder
): Promise<void> {
  for (const [path, { value }] of nodes) {
    entries.set(nodeKey(owner, path), value)
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
}
