// The access list that a call needs: eth_createAccessList as ethapi.AccessList and logger.AccessListTracer have it.
import { getActivePrecompiles } from '@ethereumjs/evm'
import { generateAddress } from '@ethereumjs/util'
import { bigintToBytes, bytesToHex, type Hex } from '../base/bytes.ts'
import { recoverAuthority } from './authorizations.ts'
import {
  AUTHORIZATION_GAS,
  type CallMessage,
  type CallSite,
  gasLimitOf,
  openState,
  toMessage
} from './call-message.ts'
import { type AccessListEntry, type CallRequest } from './call-request.ts'
import { type OpcodeMap, type RunState } from './opcodes.ts'
import { runMessage, toTuple } from './run-message.ts'

/** The list, and what the call uses with it. `error` is what the call itself failed with. */
export type AccessListOutcome =
  | {
      readonly kind: 'list'
      readonly accessList: readonly AccessListEntry[]
      readonly gasUsed: bigint
      readonly error: string | undefined
    }
  | { readonly kind: 'failed'; readonly reason: string }

type TouchedSlots = Map<Hex, Set<Hex>>

/** SLOAD, SSTORE. */
const SLOTS: readonly number[] = [0x54, 0x55]
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, SELFDESTRUCT: the address is on top. */
const ACCOUNTS: readonly number[] = [0x31, 0x3b, 0x3c, 0x3f, 0xff]
/** CALL, CALLCODE, DELEGATECALL, STATICCALL: the address is below the gas. geth looks at those that have so many items. */
const CALLS: readonly number[] = [0xf1, 0xf2, 0xf4, 0xfa]
const CALL_ITEMS = 5
const ADDRESS_BITS = 160

/** Runs the call until its list does not grow any more, within the time of one call. Throws CallRefused. */
export async function searchAccessList(
  request: CallRequest,
  site: CallSite
): Promise<AccessListOutcome> {
  const gas = gasLimitOf(request)
  if (BigInt(request.authorizationList?.length ?? 0) > gas / AUTHORIZATION_GAS) {
    return { kind: 'failed', reason: 'insufficient gas to process all authorizations' }
  }
  const excluded = await excludedAddresses(toMessage(request, site))
  let before = seeded(request.accessList ?? [], excluded)
  for (;;) {
    const accessList = listOf(before)
    const touched = seeded(accessList, excluded)
    const message = toMessage({ ...request, accessList }, site)
    const watch = (opcodes: OpcodeMap) => watchAccess(opcodes, touched, excluded)
    const outcome = await runMessage(message, { gas, watch })
    if (outcome.kind === 'refused') {
      return { kind: 'failed', reason: `failed to apply transaction: err: ${outcome.reason}` }
    }
    if (isSame(touched, before)) {
      const { gasUsed, error } = outcome
      return { kind: 'list', accessList, gasUsed, error }
    }
    before = touched
  }
}

/** Warm without a list: sender, target, precompiles, and who signed an authorization. */
async function excludedAddresses(message: CallMessage): Promise<ReadonlySet<Hex>> {
  const { request, site, from, to } = message
  const { common } = site
  const sender = await (await openState(message)).getAccount(from)
  const nonce = request.nonce ?? sender?.nonce ?? 0n
  const target = to?.bytes ?? generateAddress(from.bytes, bigintToBytes(nonce))
  const excluded = new Set<Hex>([bytesToHex(from.bytes), bytesToHex(target)])
  for (const key of getActivePrecompiles(common).keys()) excluded.add(`0x${key}`)
  for (const authorization of request.authorizationList ?? []) {
    const turn = site.yielder.maybeYield()
    if (turn !== undefined) await turn
    const authority = recoverAuthority(toTuple(authorization), common.chainId())
    if (authority !== undefined) excluded.add(bytesToHex(authority.bytes))
  }
  return excluded
}

/** Notes what each opcode names that these lists are about, ahead of its price: also that of a call that fails by it. */
function watchAccess(opcodes: OpcodeMap, touched: TouchedSlots, excluded: ReadonlySet<Hex>): void {
  const watched = [
    ...ACCOUNTS.map((code) => [code, 1] as const),
    ...CALLS.map((code) => [code, CALL_ITEMS] as const)
  ]
  const note = ({ stack }: RunState, itemsMin: number) => {
    if (stack.length < itemsMin) return // it fails by itself
    const word = itemsMin === 1 ? stack.peek(1)[0]! : stack.peek(2)[1]!
    const address = toHex(BigInt.asUintN(ADDRESS_BITS, word), 40)
    if (!excluded.has(address)) slotsOf(touched, address)
  }
  const noteSlot = ({ stack, interpreter }: RunState) => {
    const [slot] = stack.length === 0 ? [] : stack.peek(1)
    if (slot === undefined) return
    slotsOf(touched, bytesToHex(interpreter.getAddress().bytes)).add(toHex(slot, 64))
  }
  for (const [code, itemsMin] of watched) {
    replacePrice(opcodes, code, (runState) => note(runState, itemsMin))
  }
  for (const code of SLOTS) replacePrice(opcodes, code, noteSlot)
}

function replacePrice(opcodes: OpcodeMap, code: number, note: (runState: RunState) => void): void {
  const known = opcodes[code]
  if (known === undefined) throw new Error(`there is no opcode ${String(code)}`)
  opcodes[code] = {
    ...known,
    gasHandler: async (runState, gas, common) => {
      note(runState)
      return known.gasHandler(runState, gas, common)
    }
  }
}

function slotsOf(touched: TouchedSlots, address: Hex): Set<Hex> {
  let slots = touched.get(address)
  if (slots === undefined) {
    slots = new Set()
    touched.set(address, slots)
  }
  return slots
}

/** Excluded addresses lose their slots too: they come again when they are touched. */
function seeded(list: readonly AccessListEntry[], excluded: ReadonlySet<Hex>): TouchedSlots {
  const touched: TouchedSlots = new Map()
  for (const { address, storageKeys } of list) {
    if (excluded.has(address)) continue
    const slots = slotsOf(touched, address)
    for (const slot of storageKeys) slots.add(slot)
  }
  return touched
}

function listOf(touched: TouchedSlots): readonly AccessListEntry[] {
  return [...touched.keys()].sort().map((address) => {
    return { address, storageKeys: [...slotsOf(touched, address)].sort() }
  })
}

function isSame(a: TouchedSlots, b: TouchedSlots): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([address, slots]) => {
    const others = b.get(address)
    return others?.size === slots.size && [...slots].every((slot) => others.has(slot))
  })
}

function toHex(value: bigint, digits: number): Hex {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
