// EVM code written out by name: what the contracts of execution tests are made of.
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'

/** Opcodes by their yellow paper names; what a test needs more is added here. */
const OPCODES = {
  STOP: 0x00,
  ADD: 0x01,
  MUL: 0x02,
  SUB: 0x03,
  DIV: 0x04,
  EXP: 0x0a,
  LT: 0x10,
  GT: 0x11,
  EQ: 0x14,
  ISZERO: 0x15,
  KECCAK256: 0x20,
  ADDRESS: 0x30,
  BALANCE: 0x31,
  ORIGIN: 0x32,
  CALLER: 0x33,
  CALLVALUE: 0x34,
  CALLDATALOAD: 0x35,
  CALLDATASIZE: 0x36,
  CALLDATACOPY: 0x37,
  CODESIZE: 0x38,
  CODECOPY: 0x39,
  GASPRICE: 0x3a,
  EXTCODESIZE: 0x3b,
  EXTCODECOPY: 0x3c,
  RETURNDATASIZE: 0x3d,
  RETURNDATACOPY: 0x3e,
  EXTCODEHASH: 0x3f,
  BLOCKHASH: 0x40,
  COINBASE: 0x41,
  TIMESTAMP: 0x42,
  NUMBER: 0x43,
  PREVRANDAO: 0x44,
  GASLIMIT: 0x45,
  CHAINID: 0x46,
  SELFBALANCE: 0x47,
  BASEFEE: 0x48,
  BLOBHASH: 0x49,
  BLOBBASEFEE: 0x4a,
  POP: 0x50,
  MLOAD: 0x51,
  MSTORE: 0x52,
  SLOAD: 0x54,
  SSTORE: 0x55,
  JUMP: 0x56,
  JUMPI: 0x57,
  GAS: 0x5a,
  JUMPDEST: 0x5b,
  TLOAD: 0x5c,
  TSTORE: 0x5d,
  MCOPY: 0x5e,
  DUP1: 0x80,
  DUP2: 0x81,
  DUP6: 0x85,
  SWAP1: 0x90,
  LOG0: 0xa0,
  LOG1: 0xa1,
  LOG2: 0xa2,
  CREATE: 0xf0,
  CALL: 0xf1,
  CALLCODE: 0xf2,
  RETURN: 0xf3,
  DELEGATECALL: 0xf4,
  CREATE2: 0xf5,
  STATICCALL: 0xfa,
  REVERT: 0xfd,
  INVALID: 0xfe,
  SELFDESTRUCT: 0xff
} as const

/** An opcode's name, a number or bytes to push, or code in place. */
export type CodePart = keyof typeof OPCODES | number | bigint | Hex | Uint8Array

/** Puts code together. Numbers and hex are pushed, in as few bytes as they take. */
export function code(...parts: readonly CodePart[]): Uint8Array {
  return concatBytes(
    ...parts.map((part) => {
      if (part instanceof Uint8Array) return part
      if (typeof part === 'number' || typeof part === 'bigint') return pushNumber(BigInt(part))
      if (part.startsWith('0x')) return push(hexToBytes(part))
      return Uint8Array.of(OPCODES[part as keyof typeof OPCODES])
    })
  )
}

/** The same as hex, for a genesis file. */
export function codeHex(...parts: readonly CodePart[]): Hex {
  return bytesToHex(code(...parts))
}

/** Init code that deploys this code, after `before` ran. */
export function initCode(deployed: Uint8Array, before: Uint8Array = new Uint8Array(0)): Uint8Array {
  // PUSH2 length, DUP1, PUSH2 offset, PUSH0, CODECOPY, PUSH0, RETURN: 12 bytes.
  const tail = (offset: number) =>
    code(push(two(deployed.length)), 'DUP1', push(two(offset)), 0, 'CODECOPY', 0, 'RETURN')
  const offset = before.length + tail(0).length
  return concatBytes(before, tail(offset), deployed)
}

/** A number as 32 bytes in hex: a slot or its value in a genesis file. */
export function word(value: number): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}

/** Copies these bytes to memory at 0, 32 at a time; leaves the stack as it was. */
export function store(bytes: Uint8Array): Uint8Array {
  const words = Array.from({ length: Math.ceil(bytes.length / 32) }, (_, index) => {
    const word = new Uint8Array(32)
    word.set(bytes.subarray(index * 32, index * 32 + 32))
    return code(push(word), index * 32, 'MSTORE')
  })
  return concatBytes(...words)
}

/** Calls with all gas that is left; pushes 1 when the call succeeded. */
export function call(
  target: Hex,
  { value = 0, inputBytes = 0, gas }: { value?: number; inputBytes?: number; gas?: number } = {}
): Uint8Array {
  return code(0, 0, inputBytes, 0, value, target, gas ?? 'GAS', 'CALL')
}

function pushNumber(value: bigint): Uint8Array {
  if (value === 0n) return Uint8Array.of(0x5f)
  const digits = value.toString(16)
  return push(hexToBytes(`0x${digits.length % 2 === 1 ? '0' : ''}${digits}`))
}

function push(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x5f + bytes.length), bytes)
}

function two(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}
