// Whether a state database is sound: every trie node against its parent, flat entries against the tries, codes.
import { bytesToHex, equalBytes, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { describeFailure, errorMessage } from '../base/node-error.ts'
import { openValue } from '../store/checked-value.ts'
import { type BatchOperation, type KeyValueReader } from '../store/key-value-store.ts'
import { STATE_PREFIX } from '../store/keys.ts'
import { isStoreDamaged } from '../store/store-error.ts'
import { pathKey } from '../trie/nibbles.ts'
import { walkTrie, type WalkStep } from '../trie/trie-walk.ts'
import { decodeAccount, encodeSlimAccount } from './account-codec.ts'
import { nodePlace } from './damaged-node.ts'
import { type DamagedNode, damagedIn } from './node-mender.ts'
import { readPoint } from './flush-batch.ts'
import {
  accountKey,
  codeKey,
  type EntryKey,
  type EntryPlace,
  keyToBytes,
  nodeKey,
  placeOf,
  slotKey,
  toOperation
} from './entry-key.ts'
import { decodeSlotValue } from './slot-value.ts'
import { type StatePoint } from './state-view.ts'
import { StoredRange } from './stored-range.ts'

/** One thing that is wrong, and exactly where. */
export interface StateFault extends EntryPlace {
  readonly problem: string
  /** True when it was put right from the tries. */
  readonly isMended: boolean
}

/** A node or a code that is not what its hash says, or not there. */
export type DamagedEntry =
  | { readonly kind: 'node'; readonly node: DamagedNode }
  | { readonly kind: 'code'; readonly codeHash: Uint8Array }

/** What an audit found. */
export interface StateAudit {
  readonly point: StatePoint | undefined
  readonly accountsCount: number
  readonly slotsCount: number
  readonly nodesCount: number
  readonly codesCount: number
}

/** What an audit is told to do with what it finds. */
export interface AuditHooks {
  readonly onFault: (fault: StateFault) => void
  /** Hears besides of what only its hash proves: nodes and codes. */
  readonly onDamaged?: (damaged: DamagedEntry) => void
  /** Called every so many entries; the audit waits for it. */
  readonly onProgress: (soFar: Pick<StateAudit, 'accountsCount' | 'slotsCount'>) => Promise<void>
  /** Takes the write that puts right what the tries tell: flat entries, and what nothing leads to. Absent: reads only. */
  readonly mend?: (operation: BatchOperation) => Promise<void>
}

type AuditedStore = Pick<KeyValueReader, 'get' | 'iterate'>
type Kind = 'account' | 'slot' | 'accountNode' | 'storageNode'

/** Entries looked at in one turn of the event loop. */
const YIELD_EVERY_ENTRIES = 256
const NO_PROBLEM = { problem: undefined }

/** Walks everything; goes on beside each fault. Throws StoreError when the database cannot be read at all. */
export async function auditState(store: AuditedStore, hooks: AuditHooks): Promise<StateAudit> {
  const point = findPoint(store, hooks)
  const audit = new Audit(store, hooks)
  if (point !== undefined) await audit.run(hexToBytes(point.root))
  return { point, ...audit.counts() }
}

function findPoint(store: AuditedStore, { onFault }: AuditHooks): StatePoint | undefined {
  const fault = { kind: 'point', place: 'P', isMended: false } as const
  try {
    const point = readPoint(store)
    if (point === undefined) onFault({ ...fault, problem: 'there is no state' })
    return point
  } catch (thrown) {
    onFault({ ...fault, problem: String(thrown) })
    return undefined
  }
}

/** One walk over everything. */
class Audit {
  readonly #store: AuditedStore
  readonly #hooks: AuditHooks
  readonly #ranges: Readonly<Record<Kind, StoredRange>>
  readonly #codes = new Set<EntryKey>()
  readonly #reached = { account: 0, slot: 0, accountNode: 0, storageNode: 0 }
  #entriesCount = 0
  /** Why the last read failed that gave nothing. */
  #unread: string | undefined

  constructor(store: AuditedStore, hooks: AuditHooks) {
    this.#store = store
    this.#hooks = hooks
    this.#ranges = {
      account: this.#range(STATE_PREFIX.account),
      slot: this.#range(STATE_PREFIX.slot),
      accountNode: this.#range(STATE_PREFIX.accountNode),
      storageNode: this.#range(STATE_PREFIX.storageNode)
    }
  }

  counts(): Omit<StateAudit, 'point'> {
    const { account, slot, accountNode, storageNode } = this.#reached
    return {
      accountsCount: account,
      slotsCount: slot,
      nodesCount: accountNode + storageNode,
      codesCount: this.#codes.size
    }
  }

  async run(root: Uint8Array): Promise<void> {
    for (const step of this.#walk(undefined, root)) {
      if (step.kind === 'node') {
        await this.#reach('accountNode', nodeKey(undefined, pathKey(step.path)))
        continue
      }
      const account = decodeAccount(step.value)
      await this.#checkFlat('account', accountKey(step.key), encodeSlimAccount(account))
      if (account.codeHash !== undefined) this.#checkCode(account.codeHash)
      await this.#walkStorage(step.key, account.storageRoot)
    }
    for (const range of Object.values(this.#ranges)) await range.finish()
  }

  async #walkStorage(owner: Uint8Array, root: Uint8Array): Promise<void> {
    for (const step of this.#walk(owner, root)) {
      if (step.kind === 'node') {
        await this.#reach('storageNode', nodeKey(owner, pathKey(step.path)))
      } else {
        await this.#checkFlat('slot', slotKey(owner, step.key), decodeSlotValue(step.value))
      }
    }
  }

  #walk(owner: Uint8Array | undefined, root: Uint8Array): Generator<WalkStep> {
    const source = { node: (path: Uint8Array) => this.#get(nodeKey(owner, pathKey(path))) }
    return walkTrie(source, root, {
      onFailure: (failure) => {
        const place = nodePlace(owner, failure)
        const problem = this.#unread ?? describeFailure(failure)
        this.#hooks.onFault({ kind: 'node', place, problem, isMended: false })
        const node = damagedIn(owner, failure)
        if (node !== undefined) this.#hooks.onDamaged?.({ kind: 'node', node })
        const path = 'path' in failure ? failure.path : ''
        const trail = (owner === undefined ? '' : bytesToHex(owner).slice(2)) + path
        const { account, accountNode, slot, storageNode } = this.#ranges
        const hiding = owner === undefined ? [account, accountNode] : []
        for (const range of [...hiding, slot, storageNode]) range.hide(trail)
      }
    })
  }

  async #reach(kind: Kind, key: EntryKey): Promise<void> {
    this.#reached[kind] += 1
    await this.#ranges[kind].reach(key)
    this.#entriesCount += 1
    if (this.#entriesCount % YIELD_EVERY_ENTRIES === 0) await this.#hooks.onProgress(this.counts())
  }

  async #checkFlat(kind: 'account' | 'slot', key: EntryKey, wanted: Uint8Array): Promise<void> {
    const { problem } = this.#lookAtFlat(key, wanted)
    if (problem !== undefined) await this.#fault(key, problem, toOperation(key, wanted))
    await this.#reach(kind, key)
  }

  #lookAtFlat(key: EntryKey, wanted: Uint8Array): { readonly problem: string | undefined } {
    const stored = this.#get(key)
    if (stored === undefined) return { problem: this.#unread ?? 'its flat entry is missing' }
    const body = openValue(keyToBytes(key), stored)
    if (body === undefined) return { problem: 'its flat entry fails its checksum' }
    if (equalBytes(body, wanted)) return NO_PROBLEM
    return { problem: 'its flat entry is not what the trie holds' }
  }

  #checkCode(codeHash: Uint8Array): void {
    const key = codeKey(codeHash)
    if (this.#codes.has(key)) return
    this.#codes.add(key)
    const code = this.#get(key)
    const isSound = code !== undefined && equalBytes(keccak256(code), codeHash)
    if (isSound) return
    const problem = code === undefined ? 'it is missing' : 'it does not give its hash'
    this.#hooks.onFault({ ...placeOf(key), problem: this.#unread ?? problem, isMended: false })
    this.#hooks.onDamaged?.({ kind: 'code', codeHash })
  }

  async #fault(key: EntryKey, problem: string, operation: BatchOperation): Promise<void> {
    const { mend, onFault } = this.#hooks
    await mend?.(operation)
    onFault({ ...placeOf(key), problem, isMended: mend !== undefined })
  }

  /** Undefined for what is not there, and for what the database cannot give: then `#unread` says why. */
  #get(key: EntryKey): Uint8Array | undefined {
    this.#unread = undefined
    try {
      return this.#store.get(keyToBytes(key))
    } catch (thrown) {
      if (!isStoreDamaged(thrown)) throw thrown
      this.#unread = `it cannot be read: ${errorMessage(thrown)}`
      return undefined
    }
  }

  #range(prefix: number): StoredRange {
    return new StoredRange(this.#store, prefix, {
      onStray: (key) => this.#fault(key, 'no trie leads to it', toOperation(key, undefined)),
      onUnreadable: (last, reason) => {
        const at = last ?? String.fromCharCode(prefix)
        const problem = `behind this entry the database cannot be read: ${reason}`
        this.#hooks.onFault({ ...placeOf(at), problem, isMended: false })
      }
    })
  }
}
