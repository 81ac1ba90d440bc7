// Copies to memory and pushes, which are our own: what they leave behind, on our engine and on @ethereumjs/vm.
import {
  bytesToBigint,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes
} from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { assertCase, type ExecutionCase } from '../support/execution-cases.ts'
import { code, codeHex } from '../support/execution-code.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const OTHER: Hex = '0x00000000000000000000000000000000000c0002'
const OTHER_CODE = Uint8Array.from({ length: 70 }, (_, at) => at + 1)
const DATA = Uint8Array.from({ length: 40 }, (_, at) => 0xa0 + at)
const MEMORY_BYTES = 128

/** Where to, where from, how many bytes. */
const COPIES: readonly (readonly [to: number, from: number | bigint, length: number])[] = [
  [0, 0, 40],
  [5, 0, 40],
  [3, 10, 17],
  [0, 30, 32],
  [0, 39, 2],
  [0, 40, 8],
  [0, 41, 8],
  [1, 2n ** 64n, 9],
  [1, 2n ** 256n - 1n, 9],
  [7, 0, 0],
  [7, 2n ** 256n - 1n, 0],
  [0, 0, 127]
]

const OPCODES = ['CALLDATACOPY', 'EXTCODECOPY'] as const

const cases: readonly ExecutionCase[] = OPCODES.flatMap((opcode) =>
  COPIES.map(([to, from, length]): ExecutionCase => {
    const source = opcode === 'CALLDATACOPY' ? DATA : OTHER_CODE
    const start = from < source.length ? Number(from) : source.length
    const memory = new Uint8Array(MEMORY_BYTES).fill(0xff)
    memory.fill(0, to, to + length)
    memory.set(source.subarray(start, start + length), to)
    const ones = 2n ** 256n - 1n
    const fill = [0, 32, 64, 96].flatMap((at) => [ones, at, 'MSTORE'] as const)
    const where = opcode === 'CALLDATACOPY' ? [] : [OTHER]
    return {
      name: `${opcode} of ${String(length)} bytes from ${String(from)} to ${String(to)}`,
      alloc: {
        [OTHER]: { code: bytesToHex(OTHER_CODE) },
        [CONTRACT]: {
          code: codeHex(
            ...[...fill, length, from, to, ...where, opcode],
            ...([MEMORY_BYTES, 0, 'KECCAK256', 0, 'SSTORE'] as const)
          )
        }
      },
      blocks: [[{ to: CONTRACT, data: DATA }]],
      statuses: [1],
      slots: [[CONTRACT, 0n, bytesToBigint(keccak256(memory))]]
    }
  })
)

/** Its own code, past its end. */
function ownCode(): ExecutionCase {
  const program = code(200, 0, 0, 'CODECOPY', 200, 0, 'KECCAK256', 0, 'SSTORE')
  const copied = new Uint8Array(200)
  copied.set(program)
  return {
    name: 'CODECOPY beyond the code',
    alloc: { [CONTRACT]: { code: bytesToHex(program) } },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    slots: [[CONTRACT, 0n, bytesToBigint(keccak256(copied))]]
  }
}

function bytesFrom(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (first + 37 * at) % 256)
}

/** Each push of 1 to 32 bytes, into the slot of its length; the last is cut off by the end of the code. */
function pushes(first: number): ExecutionCase {
  const values = Array.from({ length: 32 }, (_, at) => bytesFrom(first, at + 1))
  const stores = values.map((bytes) =>
    concatBytes(Uint8Array.of(0x5f + bytes.length), bytes, code(bytes.length, 'SSTORE'))
  )
  const program = concatBytes(...stores, hexToBytes('0x7fabcd'))
  return {
    name: `pushes of 1 to 32 bytes that begin with ${String(first)}`,
    alloc: { [CONTRACT]: { code: bytesToHex(program) } },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    slots: values.map((bytes) => [CONTRACT, BigInt(bytes.length), bytesToBigint(bytes)])
  }
}

describe('opcodes of our own', () => {
  for (const one of [...cases, ownCode(), pushes(0), pushes(1), pushes(255)]) {
    it(one.name, () => assertCase(one))
  }
})
