// Warm addresses and slots, and touched accounts, of one transaction (EIP-2929, EIP-161), with their undo log.
import { type Account, Address } from '@ethereumjs/util'
import { bytesToHex, hexToBytes, type Hex } from '../base/bytes.ts'
import { type StateAdapter } from './state-adapter.ts'

/** Stays touched when what touched it is undone, as on mainnet since block 2,675,119. */
const RIPEMD160: Hex = '0x0000000000000000000000000000000000000003'

/**
 * Takes the place of the library's journal, which makes six collections for each call and copies all of them when one
 * is reverted: 100,000 calls that fail took a minute.
 */
export class WarmJournal {
  readonly #state: StateAdapter
  readonly #undo: (() => void)[] = []
  readonly #checkpoints: number[] = []
  /** Slots by address; what the transaction itself names stays when a call is reverted. */
  #warm = new Map<string, Set<string>>()
  #alwaysWarm = new Map<string, Set<string>>()
  #touched = new Set<Hex>()

  constructor(state: StateAdapter) {
    this.#state = state
  }

  async putAccount(address: Address, account: Account | undefined): Promise<void> {
    this.#touch(address)
    await this.#state.putAccount(address, account)
  }

  async deleteAccount(address: Address): Promise<void> {
    this.#touch(address)
    await this.#state.deleteAccount(address)
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length)
    await this.#state.checkpoint()
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop()
    await this.#state.commit()
  }

  async revert(): Promise<void> {
    const length = this.#checkpoints.pop() ?? 0
    while (this.#undo.length > length) this.#undo.pop()?.()
    await this.#state.revert()
  }

  /** For the next transaction: nothing is warm, nothing touched. */
  cleanJournal(): void {
    this.#undo.length = 0
    this.#checkpoints.length = 0
    this.#warm = new Map()
    this.#alwaysWarm = new Map()
    this.#touched = new Set()
  }

  /** Deletes what was touched and is empty (EIP-161). */
  async cleanup(): Promise<void> {
    for (const hex of this.#touched) {
      const address = new Address(hexToBytes(hex))
      const account = await this.#state.getAccount(address)
      if (account === undefined || account.isEmpty()) await this.#state.deleteAccount(address)
    }
    this.cleanJournal()
  }

  addAlwaysWarmAddress(address: string): void {
    const key = withoutPrefix(address)
    if (!this.#alwaysWarm.has(key)) this.#alwaysWarm.set(key, new Set())
  }

  addAlwaysWarmSlot(address: string, slot: string): void {
    this.addAlwaysWarmAddress(address)
    this.#alwaysWarm.get(withoutPrefix(address))?.add(withoutPrefix(slot))
  }

  isWarmedAddress(address: Uint8Array): boolean {
    const key = keyOf(address)
    return this.#warm.has(key) || this.#alwaysWarm.has(key)
  }

  addWarmedAddress(address: Uint8Array): void {
    this.#warmSlots(keyOf(address))
  }

  isWarmedStorage(address: Uint8Array, slot: Uint8Array): boolean {
    const [key, slotKey] = [keyOf(address), keyOf(slot)]
    return (
      this.#warm.get(key)?.has(slotKey) === true || this.#alwaysWarm.get(key)?.has(slotKey) === true
    )
  }

  addWarmedStorage(address: Uint8Array, slot: Uint8Array): void {
    const slots = this.#warmSlots(keyOf(address))
    const slotKey = keyOf(slot)
    if (slots.has(slotKey)) return
    slots.add(slotKey)
    this.#undo.push(() => slots.delete(slotKey))
  }

  #warmSlots(key: string): Set<string> {
    const known = this.#warm.get(key)
    if (known !== undefined) return known
    const slots = new Set<string>()
    this.#warm.set(key, slots)
    this.#undo.push(() => this.#warm.delete(key))
    return slots
  }

  #touch(address: Address): void {
    const hex = address.toString()
    if (this.#touched.has(hex)) return
    this.#touched.add(hex)
    if (hex !== RIPEMD160) this.#undo.push(() => this.#touched.delete(hex))
  }
}

function keyOf(bytes: Uint8Array): string {
  return withoutPrefix(bytesToHex(bytes))
}

function withoutPrefix(hex: string): string {
  return hex.startsWith('0x') ? hex.slice(2) : hex
}
