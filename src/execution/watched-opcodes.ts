// Opcodes that say what they are about to do: calls, creations, self-destructions, logs. Only traces run on them.
import { bigIntToAddressBytes } from '@ethereumjs/util'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { type CallFrames, type FrameIntent } from './call-frames.ts'
import { type OpcodeMap, type RunState } from './opcodes.ts'

type OpHandler = OpcodeMap[number]['opHandler']
type CallType = FrameIntent['type']

/** Which items of the stack, from its top, an opcode takes for what. */
interface Places {
  readonly to?: number
  readonly value?: number
  readonly input: number
}

const CALLS: readonly (readonly [opcode: number, type: CallType, places: Places])[] = [
  [0xf0, 'CREATE', { value: 0, input: 1 }],
  [0xf1, 'CALL', { to: 1, value: 2, input: 3 }],
  [0xf2, 'CALLCODE', { to: 1, value: 2, input: 3 }],
  [0xf4, 'DELEGATECALL', { to: 1, input: 2 }],
  [0xf5, 'CREATE2', { value: 0, input: 1 }],
  [0xfa, 'STATICCALL', { to: 1, input: 2 }]
]
const LOG0 = 0xa0
const LOG4 = 0xa4
const SELFDESTRUCT = 0xff
const ADDRESS_BITS = 160
const DEPTH_MAX = 1024
/** EIP-2681. */
const NONCE_MAX = 2n ** 64n - 1n

/** Puts watched opcodes in place of the map's own, which is one EVM's. */
export function watchOpcodes(opcodes: OpcodeMap, frames: CallFrames): void {
  const replace = (code: number, wrap: (handler: OpHandler) => OpHandler) => {
    const known = opcodes[code]
    if (known === undefined) throw new Error(`there is no opcode ${String(code)}`)
    opcodes[code] = { ...known, opHandler: wrap(known.opHandler) }
  }
  for (const [code, type, places] of CALLS) {
    replace(code, (handler) => watchedCall(handler, type, places, frames))
  }
  for (let code = LOG0; code <= LOG4; code++) {
    replace(code, (handler) => (runState, common) => {
      const running = handler(runState, common)
      const log = runState.interpreter._result.logs.at(-1)
      if (log !== undefined) frames.log(log)
      return running
    })
  }
  replace(SELFDESTRUCT, (handler) => (runState, common) => {
    const { address, contract } = runState.env
    const [target = 0n] = runState.stack.peek(1)
    frames.selfDestruct(address.toString(), toAddress(target), contract.balance)
    return handler(runState, common)
  })
}

function watchedCall(
  handler: OpHandler,
  type: CallType,
  places: Places,
  frames: CallFrames
): OpHandler {
  return async (runState, common) => {
    const { env, stack, memory, messageGasLimit = 0n } = runState
    const items = stack.peek(places.input + 2)
    const value = valueOf(runState, type, places.value === undefined ? 0n : items[places.value]!)
    const hasStipend = (type === 'CALL' || type === 'CALLCODE') && value !== 0n
    const intent: FrameIntent = {
      type,
      from: env.address.toString(),
      to: places.to === undefined ? undefined : toAddress(items[places.to]!),
      value
    }
    const depth = env.depth
    const { balance, nonce } = env.contract
    frames.intend(intent)
    await handler(runState, common)
    if (!frames.isPending(intent)) return
    const at = Number(items[places.input]!)
    const input = memory.read(at, Number(items[places.input + 1]!), true)
    const isCreation = type === 'CREATE' || type === 'CREATE2'
    const gas = messageGasLimit + (hasStipend ? common.param('callStipendGas') : 0n)
    const error = refusal({ depth, isPoor: balance < (value ?? 0n), isCreation, nonce })
    frames.refuse({ ...intent, gas, input, error })
  }
}

/** Why the library enters no frame, in geth's words and order. */
function refusal(facts: {
  readonly depth: number
  readonly isPoor: boolean
  readonly isCreation: boolean
  readonly nonce: bigint
}): string {
  if (facts.depth >= DEPTH_MAX) return 'max call depth exceeded'
  if (facts.isCreation && !facts.isPoor && facts.nonce >= NONCE_MAX) return 'nonce uint64 overflow'
  return 'insufficient balance for transfer'
}

/** geth gives a static call no value, and a delegate call its caller's. */
function valueOf({ env }: RunState, type: CallType, value: bigint): bigint | undefined {
  if (type === 'STATICCALL') return undefined
  return type === 'DELEGATECALL' ? env.callValue : value
}

function toAddress(item: bigint): Hex {
  return bytesToHex(bigIntToAddressBytes(BigInt.asUintN(ADDRESS_BITS, item)))
}
