// The library's opcodes, with our own in place of those that take far longer than their gas price allows for.
import { type Common } from '@ethereumjs/common'
import { getOpcodesForHF } from '@ethereumjs/evm'
import { Address, bigIntToAddressBytes } from '@ethereumjs/util'
import { bigintToBytes, bytesToBigint } from '../base/bytes.ts'
import { keccak256InSlices } from '../base/keccak.ts'
import { type Yielder } from '../base/yielder.ts'

/** By code, what each opcode is, costs and does. */
export type OpcodeMap = ReturnType<typeof getOpcodesForHF>['opcodeMap']
type OpHandler = OpcodeMap[number]['opHandler']
/** One frame's registers, as opcodes read and write them. */
export type RunState = Parameters<OpHandler>[0]

const KECCAK256 = 0x20
const CALLDATACOPY = 0x37
const CODECOPY = 0x39
const EXTCODESIZE = 0x3b
const EXTCODECOPY = 0x3c
const EXTCODEHASH = 0x3f
const CREATE = 0xf0
const CREATE2 = 0xf5
/** The first of the pushes that take bytes from the code. */
export const PUSH1 = 0x60
/** The last of them. */
export const PUSH32 = 0x7f
/** Bytes that a number holds exactly. */
const NUMBER_BYTES = 6
const ADDRESS_BITS = 160
/** What code in the EVM object format begins with (EIP-3540). */
const OBJECT_FORMAT = Uint8Array.of(0xef, 0x00)

const librarysByRules = new WeakMap<Common, ReturnType<typeof getOpcodesForHF>>()
const oursByRules = new WeakMap<Common, OpcodeMap>()

/** The library's tables, one for all EVMs under the same rules: nobody changes them. */
export function libraryOpcodes(common: Common): ReturnType<typeof getOpcodesForHF> {
  const known = librarysByRules.get(common)
  if (known !== undefined) return known
  const made = getOpcodesForHF(common)
  librarysByRules.set(common, made)
  return made
}

/** A map of its own for each EVM; what it holds is shared, and replaced, never changed. */
export function opcodesOf(common: Common, yielder: Yielder): OpcodeMap {
  const opcodeMap = sharedOpcodes(common).slice()
  replaceIn(opcodeMap, KECCAK256, hashOf(opcodeMap[KECCAK256]?.opHandler, yielder))
  return opcodeMap
}

/** All of ours that are the same for every EVM. */
function sharedOpcodes(common: Common): OpcodeMap {
  const known = oursByRules.get(common)
  if (known !== undefined) return known
  const opcodeMap = libraryOpcodes(common).opcodeMap.slice()
  const replace = (code: number, opHandler: OpHandler) => {
    replaceIn(opcodeMap, code, opHandler)
  }
  replace(CALLDATACOPY, (runState) => {
    copyToMemory(runState, runState.interpreter.getCallData())
  })
  replace(CODECOPY, (runState) => {
    copyToMemory(runState, runState.interpreter.getCode())
  })
  replace(EXTCODECOPY, copyOtherCode)
  replace(EXTCODESIZE, sizeOfOtherCode)
  replace(EXTCODEHASH, hashOfOtherCode)
  for (const code of [CREATE, CREATE2]) replace(code, creationOf(opcodeMap[code]?.opHandler))
  for (let code = PUSH1; code <= PUSH32; code++) replace(code, pushBytes)
  oursByRules.set(common, opcodeMap)
  return opcodeMap
}

function replaceIn(opcodeMap: OpcodeMap, code: number, opHandler: OpHandler): void {
  const known = opcodeMap[code]
  if (known === undefined) throw new Error(`there is no opcode ${String(code)}`)
  opcodeMap[code] = { ...known, opHandler }
}

/**
 * The library's, but for init code that begins as the EVM object format does: the library gives up without running it. No
 * fork of ours has that format (EIP-3540 is not of Prague), so that geth runs it (core/vm, opCreate): the creator's nonce
 * rises, and 0xef, which is no opcode, burns the gas.
 */
function creationOf(library: OpHandler | undefined): OpHandler {
  if (library === undefined) throw new Error('there is no opcode for creations')
  return async (runState, common) => {
    const { stack, memory, interpreter, messageGasLimit = 0n } = runState
    const [value = 0n, offset = 0n, length = 0n] = stack.peek(3)
    const isShort = length < BigInt(OBJECT_FORMAT.length)
    if (isShort || length > common.param('maxInitCodeSize') || interpreter.isStatic()) {
      return library(runState, common)
    }
    const start = memory.read(Number(offset), OBJECT_FORMAT.length)
    if (!OBJECT_FORMAT.every((byte, index) => start[index] === byte)) {
      return library(runState, common)
    }
    const data = memory.read(Number(offset), Number(length), true)
    const isSalted = runState.opCode === CREATE2
    const [, , , salt = 0n] = stack.popN(isSalted ? 4 : 3)
    delete runState.messageGasLimit
    stack.push(
      await (isSalted
        ? interpreter.create2(messageGasLimit, value, data, bigintToBytes(salt, 32))
        : interpreter.create(messageGasLimit, value, data))
    )
  }
}

/** Bytes that are hashed in one piece, a millisecond of work; a block's gas pays for 3.9 MB of memory at once. */
const HASHED_AT_ONCE_MAX_BYTES = 2n ** 17n

/** The library's, but for what takes long. */
function hashOf(atOnce: OpHandler | undefined, yielder: Yielder): OpHandler {
  if (atOnce === undefined) throw new Error('there is no opcode KECCAK256')
  return (runState, common) => {
    const { stack, memory } = runState
    const [at = 0n, length = 0n] = stack.peek(2)
    if (length <= HASHED_AT_ONCE_MAX_BYTES) return atOnce(runState, common)
    stack.popN(2)
    return keccak256InSlices(memory.read(Number(at), Number(length)), yielder).then((hash) => {
      stack.push(bytesToBigint(hash))
    })
  }
}

/** Zeros follow what there is; the library pads by spreading arrays, 50 ns for each byte that costs a tenth of a gas. */
function copyToMemory({ stack, memory }: RunState, data: Uint8Array): void {
  const [memoryAt = 0n, dataAt = 0n, length = 0n] = stack.popN(3)
  if (length === 0n) return
  const bytes = new Uint8Array(Number(length))
  if (dataAt < BigInt(data.length)) {
    const start = Number(dataAt)
    bytes.set(data.subarray(start, start + bytes.length))
  }
  memory.write(Number(memoryAt), bytes.length, bytes)
}

/**
 * The library shows code that begins as the EVM object format does as these two bytes alone. No fork of ours has that format, so
 * that a genesis' code of this kind is read whole (geth: core/vm, opExtCodeCopy, opExtCodeSize, opExtCodeHash).
 */
async function copyOtherCode(runState: RunState): Promise<void> {
  const code = await runState.stateManager.getCode(popAddress(runState))
  copyToMemory(runState, code)
}

async function sizeOfOtherCode(runState: RunState): Promise<void> {
  const code = await runState.stateManager.getCode(popAddress(runState))
  runState.stack.push(BigInt(code.length))
}

/** 0 where no account is, or an empty one (EIP-1052). */
async function hashOfOtherCode(runState: RunState): Promise<void> {
  const account = await runState.stateManager.getAccount(popAddress(runState))
  const isNone = account === undefined || account.isEmpty()
  runState.stack.push(isNone ? 0n : bytesToBigint(account.codeHash))
}

function popAddress({ stack }: RunState): Address {
  return new Address(bigIntToAddressBytes(BigInt.asUintN(ADDRESS_BITS, stack.pop())))
}

/** Zeros follow where the code ends. */
function pushBytes(runState: RunState): void {
  const { code, programCounter: start, opCode, stack } = runState
  const count = opCode - PUSH1 + 1
  runState.programCounter = start + count
  if (count > NUMBER_BYTES) {
    const bytes = code.subarray(start, start + count)
    stack.push(bytesToBigint(bytes) << BigInt(8 * (count - bytes.length)))
    return
  }
  let value = 0
  for (let at = start; at < start + count; at++) value = value * 256 + (code[at] ?? 0)
  stack.push(BigInt(value))
}
