// Why a frame failed, in the words of go-ethereum (core/vm/errors.go), which is what readers of traces look for.
import { EVMError } from '@ethereumjs/evm'

/** Where the code of a frame stopped with an error. */
export interface Halt {
  readonly opcode: number
  /** Items on the stack as the opcode found it. */
  readonly stackLength: number
  /** Asked for more of the returned data than there is. */
  readonly isBeyondReturnData: boolean
}

const { errorMessages } = EVMError
const STACK_LIMIT = 1024
const INVALID = 0xfe

/** The library's errors that are one of geth's whatever the opcode. */
const WORDS: Readonly<Record<string, string>> = {
  [errorMessages.OUT_OF_GAS]: 'out of gas',
  [errorMessages.REVERT]: 'execution reverted',
  [errorMessages.INVALID_JUMP]: 'invalid jump destination',
  [errorMessages.STATIC_STATE_CHANGE]: 'write protection',
  [errorMessages.OUT_OF_RANGE]: 'gas uint64 overflow',
  [errorMessages.CREATE_COLLISION]: 'contract address collision',
  [errorMessages.INSUFFICIENT_BALANCE]: 'insufficient balance for transfer',
  [errorMessages.INVALID_BYTECODE_RESULT]: 'invalid code: must not begin with 0xef',
  [errorMessages.CODESIZE_EXCEEDS_MAXIMUM]: 'max code size exceeded',
  [errorMessages.INITCODE_SIZE_VIOLATION]: 'max initcode size exceeded',
  [errorMessages.CODESTORE_OUT_OF_GAS]: 'contract creation code storage out of gas'
}

/** First and last opcode of each range, and the items that it takes off the stack; 0 elsewhere. */
const NEEDED: readonly (readonly [first: number, last: number, count: number])[] = [
  [0x01, 0x07, 2],
  [0x08, 0x09, 3],
  [0x0a, 0x14, 2],
  [0x15, 0x15, 1],
  [0x16, 0x18, 2],
  [0x19, 0x19, 1],
  [0x1a, 0x20, 2],
  [0x31, 0x31, 1],
  [0x35, 0x35, 1],
  [0x37, 0x37, 3],
  [0x39, 0x39, 3],
  [0x3b, 0x3b, 1],
  [0x3c, 0x3c, 4],
  [0x3e, 0x3e, 3],
  [0x3f, 0x40, 1],
  [0x49, 0x49, 1],
  [0x50, 0x51, 1],
  [0x52, 0x53, 2],
  [0x54, 0x54, 1],
  [0x55, 0x55, 2],
  [0x56, 0x56, 1],
  [0x57, 0x57, 2],
  [0x5c, 0x5c, 1],
  [0x5d, 0x5d, 2],
  [0x5e, 0x5e, 3],
  [0xf0, 0xf0, 3],
  [0xf1, 0xf2, 7],
  [0xf3, 0xf3, 2],
  [0xf4, 0xf4, 6],
  [0xf5, 0xf5, 4],
  [0xfa, 0xfa, 6],
  [0xfd, 0xfd, 2],
  [0xff, 0xff, 1]
]
const DUP1 = 0x80
const SWAP1 = 0x90
const LOG0 = 0xa0
const LOG4 = 0xa4

/**
 * geth's words for the library's error, which names the place of a wrong jump. `halt` is where the code stopped, undefined when it ran to its end. What geth
 * says of a precompile is as particular as the library's own, which stands then.
 */
export function frameError(given: string, halt: Halt | undefined, isCreation: boolean): string {
  const error = given.startsWith(errorMessages.INVALID_JUMP) ? errorMessages.INVALID_JUMP : given
  if (halt === undefined) {
    const isDeposit = isCreation && error === errorMessages.OUT_OF_GAS
    return WORDS[isDeposit ? errorMessages.CODESTORE_OUT_OF_GAS : error] ?? error
  }
  const { opcode, stackLength, isBeyondReturnData } = halt
  if (error === errorMessages.INVALID_OPCODE) return `invalid opcode: ${opcodeName(opcode)}`
  if (error === errorMessages.STACK_OVERFLOW) {
    return `stack limit reached ${String(stackLength)} (${String(STACK_LIMIT - 1)})`
  }
  if (error === errorMessages.STACK_UNDERFLOW) {
    return `stack underflow (${String(stackLength)} <=> ${String(neededItems(opcode))})`
  }
  if (error === errorMessages.OUT_OF_GAS && isBeyondReturnData) return 'return data out of bounds'
  return WORDS[error] ?? error
}

function opcodeName(opcode: number): string {
  return opcode === INVALID ? 'INVALID' : `opcode 0x${opcode.toString(16)} not defined`
}

function neededItems(opcode: number): number {
  if (opcode >= DUP1 && opcode < SWAP1) return opcode - DUP1 + 1
  if (opcode >= SWAP1 && opcode < LOG0) return opcode - SWAP1 + 2
  if (opcode >= LOG0 && opcode <= LOG4) return opcode - LOG0 + 2
  return NEEDED.find(([first, last]) => opcode >= first && opcode <= last)?.[2] ?? 0
}
