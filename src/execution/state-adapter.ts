// The state as @ethereumjs/evm reads and writes it: a StateView below, changes and their undo log above.
import { type AccountFields, type StateManagerInterface } from '@ethereumjs/common'
import { type Account, type Address } from '@ethereumjs/util'
import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { EMPTY_CODE_HASH } from '../state/account-codec.ts'
import { type StateChanges, type StateView } from '../state/state-view.ts'
import {
  type AccountEntry,
  collectChanges,
  type StorageEntry,
  type TouchedAccount
} from './collected-changes.ts'
import { createEvmAccount } from './evm-account.ts'

/** What a state is read from: a view, or one that answers later. */
export interface StateReader {
  readonly root: Hex
  account(addressHash: Uint8Array): Later<ReturnType<StateView['account']>>
  slot(addressHash: Uint8Array, slotHash: Uint8Array): Later<Uint8Array | undefined>
  storageRoot(addressHash: Uint8Array): Later<Uint8Array>
  code(codeHash: Uint8Array): Later<Uint8Array | undefined>
}

type Later<T> = T | Promise<T>

const EMPTY_CODE = new Uint8Array(0)
const EMPTY_VALUE = new Uint8Array(0)

/** One per block (or call). Not for use by two executions at a time. */
export class StateAdapter implements StateManagerInterface {
  readonly #view: StateReader
  readonly #accounts = new Map<Hex, AccountEntry>()
  readonly #storage = new Map<Hex, StorageEntry>()
  readonly #codes = new Map<Hex, Uint8Array>()
  readonly #newCodes = new Map<Hex, Uint8Array>()
  readonly #addressHashes = new Map<Hex, Uint8Array>()
  readonly #undo: (() => void)[] = []
  readonly #checkpoints: number[] = []
  readonly #original = new Map<string, Uint8Array>()

  /** Values as they stood before the transaction (EIP-2200); cleared after each. */
  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> => {
      const id = `${address.toString()}${bytesToHex(key)}`
      const known = this.#original.get(id)
      if (known !== undefined) return known
      const value = await this.getStorage(address, key)
      this.#original.set(id, value)
      return value
    },
    clear: (): void => {
      this.#original.clear()
    }
  }

  constructor(view: StateReader) {
    this.#view = view
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const { account } = await this.#entry(address.toString())
    return account && copyAccount(account)
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    await this.#setAccount(address.toString(), account && copyAccount(account))
  }

  async deleteAccount(address: Address): Promise<void> {
    await this.#setAccount(address.toString(), undefined)
    await this.clearStorage(address)
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? createEvmAccount()
    await this.putAccount(address, Object.assign(account, fields))
  }

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const codeHash = value.length === 0 ? EMPTY_CODE_HASH : keccak256(value)
    if (value.length > 0) this.#newCodes.set(bytesToHex(codeHash), value)
    await this.modifyAccountFields(address, { codeHash })
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const { account } = await this.#entry(address.toString())
    if (account === undefined || equalBytes(account.codeHash, EMPTY_CODE_HASH)) return EMPTY_CODE
    const hash = bytesToHex(account.codeHash)
    const known = this.#newCodes.get(hash) ?? this.#codes.get(hash)
    if (known !== undefined) return known
    const code = (await this.#view.code(account.codeHash)) ?? EMPTY_CODE
    this.#codes.set(hash, code)
    return code
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const hex = address.toString()
    const entry = this.#storage.get(hex)
    const written = entry?.slots.get(bytesToHex(key))
    if (written !== undefined) return written
    if (entry?.isCleared === true) return EMPTY_VALUE
    return (await this.#view.slot(this.#hashAddress(hex), keccak256(key))) ?? EMPTY_VALUE
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const { slots } = this.#storageOf(address.toString())
    const slot = bytesToHex(key)
    const before = slots.get(slot)
    this.#undo.push(() => {
      if (before === undefined) slots.delete(slot)
      else slots.set(slot, before)
    })
    slots.set(slot, trimZeros(value))
  }

  async clearStorage(address: Address): Promise<void> {
    const entry = this.#storageOf(address.toString())
    const { isCleared, slots } = entry
    if (isCleared && slots.size === 0) return
    this.#undo.push(() => {
      entry.isCleared = isCleared
      entry.slots = slots
    })
    entry.isCleared = true
    entry.slots = new Map()
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length)
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop()
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  async revert(): Promise<void> {
    const length = this.#checkpoints.pop() ?? 0
    while (this.#undo.length > length) this.#undo.pop()?.()
  }

  /** Open checkpoints; `revertTo` takes everything back that came after. */
  get checkpointDepth(): number {
    return this.#checkpoints.length
  }

  revertTo(depth: number): void {
    const length = this.#checkpoints[depth]
    if (length === undefined) return
    this.#checkpoints.length = depth
    while (this.#undo.length > length) this.#undo.pop()?.()
  }

  clearCaches(): void {
    this.#original.clear()
  }

  getAppliedKey(address: Uint8Array): Uint8Array {
    return keccak256(address)
  }

  /** Never asked for by the block loop: roots come from the state store. */
  getStateRoot(): Promise<Uint8Array> {
    return Promise.resolve(hexToBytes(this.#view.root))
  }

  setStateRoot(): Promise<void> {
    return Promise.reject(new Error('a state adapter has one view'))
  }

  hasStateRoot(root: Uint8Array): Promise<boolean> {
    return Promise.resolve(bytesToHex(root) === this.#view.root)
  }

  shallowCopy(): StateManagerInterface {
    return new StateAdapter(this.#view)
  }

  /** All that changed since the view below, sorted as the state store wants it. */
  async changes(view: StateView): Promise<StateChanges> {
    const touched = new Set([...this.#accounts.keys(), ...this.#storage.keys()])
    const entries: TouchedAccount[] = []
    for (const hex of touched) {
      const entry = await this.#entry(hex)
      const facts = { addressHash: this.#hashAddress(hex), storage: this.#storage.get(hex) }
      entries.push({ ...entry, ...facts })
    }
    return collectChanges(view, entries, this.#newCodes)
  }

  #entry(hex: Hex): Later<AccountEntry> {
    return this.#accounts.get(hex) ?? this.#load(hex)
  }

  async #load(hex: Hex): Promise<AccountEntry> {
    const addressHash = this.#hashAddress(hex)
    const stored = await this.#view.account(addressHash)
    const account = stored && (await this.#toAccount(stored, addressHash))
    const entry: AccountEntry = { isChanged: false, account }
    this.#accounts.set(hex, entry)
    return entry
  }

  async #toAccount(
    { nonce, balance, codeHash }: NonNullable<ReturnType<StateView['account']>>,
    addressHash: Uint8Array
  ): Promise<Account> {
    // Only a contract's storage root is asked for (creation collisions, EIP-7610).
    const storageRoot =
      codeHash === undefined && nonce > 0n ? EMPTY_ROOT : await this.#view.storageRoot(addressHash)
    return createEvmAccount(nonce, balance, storageRoot, codeHash ?? EMPTY_CODE_HASH)
  }

  async #setAccount(hex: Hex, account: Account | undefined): Promise<void> {
    const before = await this.#entry(hex)
    this.#undo.push(() => this.#accounts.set(hex, before))
    this.#accounts.set(hex, { account, isChanged: true })
  }

  #storageOf(hex: Hex): StorageEntry {
    let entry = this.#storage.get(hex)
    if (entry === undefined) {
      entry = { isCleared: false, slots: new Map() }
      this.#storage.set(hex, entry)
    }
    return entry
  }

  #hashAddress(hex: Hex): Uint8Array {
    let hash = this.#addressHashes.get(hex)
    if (hash === undefined) {
      hash = keccak256(hexToBytes(hex))
      this.#addressHashes.set(hex, hash)
    }
    return hash
  }
}

function copyAccount({ nonce, balance, storageRoot, codeHash }: Account): Account {
  return createEvmAccount(nonce, balance, storageRoot, codeHash)
}

function trimZeros(value: Uint8Array): Uint8Array {
  let start = 0
  while (start < value.length && value[start] === 0) start++
  return value.subarray(start)
}
