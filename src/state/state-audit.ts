// Whether a state database is sound: every trie node against its parent, flat entries against the tries, codes.
import { bytesToHex, equalBytes, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { describeFailure } from '../base/node-error.ts'
import { openValue } from '../store/checked-value.ts'
import { type KeyValueReader } from '../store/key-value-store.ts'
import { STATE_PREFIX } from '../store/keys.ts'
import { pathKey } from '../trie/nibbles.ts'
import { walkTrie, type WalkStep } from '../trie/trie-walk.ts'
import { decodeAccount, encodeSlimAccount } from './account-codec.ts'
import { readPoint } from './disk-layer.ts'
import { accountKey, codeKey, type EntryKey, keyToBytes, nodeKey, slotKey } from './entry-key.ts'
import { decodeSlotValue } from './slot-value.ts'
import { type StatePoint } from './state-view.ts'

/** One thing that is wrong, and exactly where. */
export interface StateFault {
  readonly kind: 'point' | 'node' | 'account' | 'slot' | 'code' | 'stray'
  /** Account and slot as hashes, a node by its path (one hex digit a nibble) and its owner. */
  readonly place: string
  readonly problem: string
}

/** What an audit found. */
export interface StateAudit {
  readonly point: StatePoint | undefined
  readonly accountsCount: number
  readonly slotsCount: number
  readonly nodesCount: number
  readonly codesCount: number
}

/** Reads of the database in one turn of the event loop. */
const YIELD_EVERY_ENTRIES = 256

interface Tally {
  accounts: number
  slots: number
  accountNodes: number
  storageNodes: number
  readonly codes: Set<string>
}

/** What an audit is told to do with what it finds. */
export interface AuditHooks {
  readonly onFault: (fault: StateFault) => void
  /** Called now and then with the accounts looked at so far; the audit waits for it. */
  readonly onProgress: (accountsCount: number) => Promise<void>
}

/** Walks everything; goes on beside each fault. Reads only. Throws StoreError. */
export async function auditState(
  store: Pick<KeyValueReader, 'get' | 'iterate'>,
  hooks: AuditHooks
): Promise<StateAudit> {
  const tally: Tally = {
    accounts: 0,
    slots: 0,
    accountNodes: 0,
    storageNodes: 0,
    codes: new Set()
  }
  const point = findPoint(store, hooks)
  if (point !== undefined) {
    await auditAccounts(store, point, tally, hooks)
    await countStrays(store, tally, hooks)
  }
  return {
    point,
    accountsCount: tally.accounts,
    slotsCount: tally.slots,
    nodesCount: tally.accountNodes + tally.storageNodes,
    codesCount: tally.codes.size
  }
}

function findPoint(
  store: Pick<KeyValueReader, 'get' | 'iterate'>,
  { onFault }: AuditHooks
): StatePoint | undefined {
  try {
    const point = readPoint(store)
    if (point === undefined) onFault({ kind: 'point', place: 'P', problem: 'there is no state' })
    return point
  } catch (thrown) {
    onFault({ kind: 'point', place: 'P', problem: String(thrown) })
    return undefined
  }
}

async function auditAccounts(
  store: Pick<KeyValueReader, 'get'>,
  point: StatePoint,
  tally: Tally,
  hooks: AuditHooks
): Promise<void> {
  for (const step of walk(store, undefined, hexToBytes(point.root), hooks)) {
    if (step.kind === 'node') {
      tally.accountNodes += 1
      continue
    }
    tally.accounts += 1
    auditAccount(store, step, tally, hooks)
    if (tally.accounts % YIELD_EVERY_ENTRIES === 0) await hooks.onProgress(tally.accounts)
  }
}

function auditAccount(
  store: Pick<KeyValueReader, 'get'>,
  { key, value }: { readonly key: Uint8Array; readonly value: Uint8Array },
  tally: Tally,
  hooks: AuditHooks
): void {
  const account = decodeAccount(value)
  const place = bytesToHex(key)
  const problem = flatProblem(store, accountKey(key), encodeSlimAccount(account))
  if (problem !== undefined) hooks.onFault({ kind: 'account', place, problem })
  if (account.codeHash !== undefined) auditCode(store, account.codeHash, tally, hooks)
  for (const step of walk(store, key, account.storageRoot, hooks)) {
    if (step.kind === 'node') {
      tally.storageNodes += 1
      continue
    }
    tally.slots += 1
    const wrong = flatProblem(store, slotKey(key, step.key), decodeSlotValue(step.value))
    if (wrong === undefined) continue
    hooks.onFault({ kind: 'slot', place: `${place}/${bytesToHex(step.key)}`, problem: wrong })
  }
}

function auditCode(
  store: Pick<KeyValueReader, 'get'>,
  codeHash: Uint8Array,
  tally: Tally,
  { onFault }: AuditHooks
): void {
  const place = bytesToHex(codeHash)
  if (tally.codes.has(place)) return
  tally.codes.add(place)
  const code = store.get(keyToBytes(codeKey(codeHash)))
  if (code === undefined) onFault({ kind: 'code', place, problem: 'it is missing' })
  else if (!equalBytes(keccak256(code), codeHash)) {
    onFault({ kind: 'code', place, problem: 'it does not give its hash' })
  }
}

/** Entries that no trie leads to. Codes may outlive the accounts that had them. */
async function countStrays(
  store: Pick<KeyValueReader, 'iterate'>,
  tally: Tally,
  { onFault }: AuditHooks
): Promise<void> {
  const expected = [
    ['flat accounts', STATE_PREFIX.account, tally.accounts],
    ['flat slots', STATE_PREFIX.slot, tally.slots],
    ['account trie nodes', STATE_PREFIX.accountNode, tally.accountNodes],
    ['storage trie nodes', STATE_PREFIX.storageNode, tally.storageNodes]
  ] as const
  for (const [what, prefix, reached] of expected) {
    let stored = 0
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of store.iterate(range)) stored += key.length > 0 ? 1 : 0
    if (stored <= reached) continue
    const problem = `${String(stored)} are stored, ${String(reached)} are reached from the root`
    onFault({ kind: 'stray', place: what, problem })
  }
}

function walk(
  store: Pick<KeyValueReader, 'get'>,
  owner: Uint8Array | undefined,
  root: Uint8Array,
  { onFault }: AuditHooks
): Generator<WalkStep> {
  const source = {
    node: (path: Uint8Array) => store.get(keyToBytes(nodeKey(owner, pathKey(path))))
  }
  return walkTrie(source, root, {
    onFailure(failure) {
      const path = 'path' in failure ? failure.path : ''
      const place = owner === undefined ? `/${path}` : `${bytesToHex(owner)}/${path}`
      onFault({ kind: 'node', place, problem: describeFailure(failure) })
    }
  })
}

function flatProblem(
  store: Pick<KeyValueReader, 'get'>,
  key: EntryKey,
  wanted: Uint8Array
): string | undefined {
  const keyBytes = keyToBytes(key)
  const stored = store.get(keyBytes)
  if (stored === undefined) return 'its flat entry is missing'
  const body = openValue(keyBytes, stored)
  if (body === undefined) return 'its flat entry fails its checksum'
  return equalBytes(body, wanted) ? undefined : 'its flat entry is not what the trie holds'
}
