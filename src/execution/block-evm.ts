// The library's EVM with a loop of our own around its opcodes: it yields between any two of them, and is several times as fast.
import {
  createEVM,
  EVM,
  EVMError,
  type EVMOpts,
  type ExecResult,
  type Message,
  NobleBN254
} from '@ethereumjs/evm'
import { createZeroAddress } from '@ethereumjs/util'
import { EMPTY_BYTES } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type CallFrames } from './call-frames.ts'
import { createEvmAccount } from './evm-account.ts'
import { type Halt } from './frame-errors.ts'
import {
  libraryOpcodes,
  type OpcodeMap,
  opcodesOf,
  PUSH1,
  PUSH32,
  type RunState
} from './opcodes.ts'
import { type StateAdapter } from './state-adapter.ts'
import { WarmJournal } from './warm-journal.ts'
import { watchOpcodes } from './watched-opcodes.ts'

type Interpreter = RunState['interpreter']
/** What the library keeps of the call of a block's transaction. */
interface TransactionFields {
  readonly gasPrice: bigint
  readonly origin: RunState['env']['origin']
}

/** What an EVM is made of. */
export interface BlockEvmOptions extends EVMOpts {
  readonly common: NonNullable<EVMOpts['common']>
  readonly stateManager: StateAdapter
}

/** Who hears of what runs in an EVM; what they throw ends it. */
export interface EvmWatches {
  /** Hears of each frame. */
  readonly trace?: CallFrames | undefined
  /** Puts opcodes of its own in place of this EVM's. */
  readonly watch?: ((opcodes: OpcodeMap) => void) | undefined
  /** Told where the code of the outermost frame stopped with an error. */
  readonly onHalt?: ((halt: Halt) => void) | undefined
}

const RETURNDATACOPY = 0x3e
const JUMP = 0x56
const JUMPI = 0x57
const JUMPDEST = 0x5b
/** Work between two looks at the clock, in opcodes of a fixed price. */
const WORK_PER_LOOK = 64
/** The work of an opcode whose price depends on what it does, or that is awaited. */
const PRICED_WORK = 16

/** By code, as the state adapter hands it out: 1 where a jump may go. */
const jumpsByCode = new WeakMap<Uint8Array, Uint8Array>()

const interpreterClass = await findInterpreterClass()

/**
 * The library's own loop awaits each opcode, never yields, and looks for jump destinations anew in every call, so
 * that 24 kB of code called in a loop took a millisecond for each 120 gas. Opcodes, prices and calls are the library's.
 * `yielder` is asked between opcodes; what it throws ends the execution.
 */
export async function createEvmInSlices(
  options: BlockEvmOptions,
  yielder: Yielder,
  watches: EvmWatches = {}
): Promise<EVM> {
  const { trace, watch } = watches
  const evm = Reflect.construct(BlockEvm, [{ ...options, bn254: new NobleBN254() }]) as EVM
  const opcodes = opcodesOf(options.common, yielder)
  watch?.(opcodes)
  if (trace !== undefined) {
    watchOpcodes(opcodes, trace)
    evm.events.on('beforeMessage', (message) => trace.enter(message))
    evm.events.on('afterMessage', (result) => trace.leave(result))
  }
  const frames = new Frames({ evm, opcodes, yielder, watches })
  // Neither is an option. The journal's class is not exported; ours has its methods.
  Object.assign(evm, {
    journal: new WarmJournal(options.stateManager),
    runInterpreter: (message: Message) => frames.run(message)
  })
  // It listens for another hardfork, which never comes, and would live as long as `common` does.
  options.common.events.removeAllListeners('hardforkChanged')
  return evm
}

/** The library's, as its own createEVM makes it, but for the tables of opcodes: it would make all of them anew for each block. */
class BlockEvm extends EVM {
  /** Called by the library's constructor. */
  override getActiveOpcodes(): EVM['opcodes'] {
    const { opcodes, dynamicGasHandlers, handlers, opcodeMap } = libraryOpcodes(this.common)
    this._opcodes = opcodes
    this._dynamicGasHandlers = dynamicGasHandlers
    this._handlers = handlers
    this._opcodeMap = opcodeMap
    return opcodes
  }
}

/** Runs the frames of one EVM: calls and creations, each with its code. */
class Frames {
  readonly #evm: EVM
  readonly #opcodes: OpcodeMap
  readonly #yielder: Yielder
  readonly #watches: EvmWatches
  #work = 0

  constructor(parts: {
    readonly evm: EVM
    readonly opcodes: OpcodeMap
    readonly yielder: Yielder
    readonly watches: EvmWatches
  }) {
    this.#evm = parts.evm
    this.#opcodes = parts.opcodes
    this.#yielder = parts.yielder
    this.#watches = parts.watches
  }

  /** As the library does it, but for the loop, and for copies of registers that nobody reads. */
  async run(message: Message): Promise<ExecResult> {
    const { code, gasLimit } = message
    if (!(code instanceof Uint8Array)) throw new TypeError('a precompile has no frame')
    const interpreter = await this.#createInterpreter(message, code)
    const runState = Reflect.get(interpreter, '_runState') as RunState
    runState.code = code
    const exceptionError = await this.#runOpcodes(runState, code)
    if (exceptionError !== undefined) this.#tellHalt(runState, message.depth)
    const { _result: result } = interpreter
    const { gasLeft, gasRefund } = runState
    const isRevert = exceptionError?.error === EVMError.errorMessages.REVERT
    const executionGasUsed =
      exceptionError === undefined || isRevert ? gasLimit - gasLeft : gasLimit
    const { returnValue = EMPTY_BYTES } = result
    const facts = { gas: gasLeft, executionGasUsed, gasRefund, returnValue }
    if (exceptionError === undefined) return { ...result, ...facts }
    const nothing = { logs: [], selfdestruct: new Map(), createdAddresses: new Set<never>() }
    return { ...nothing, ...facts, exceptionError }
  }

  #tellHalt(runState: RunState, depth: number): void {
    const { trace, onHalt } = this.#watches
    trace?.halt(haltOf(runState))
    if (depth === 0) onHalt?.(haltOf(runState))
  }

  async #createInterpreter(message: Message, code: Uint8Array): Promise<Interpreter> {
    const { to = createZeroAddress(), caller, selfdestruct, createdAddresses } = message
    const evm = this.#evm
    const contract = (await evm.stateManager.getAccount(to)) ?? createEvmAccount()
    const environment = {
      address: to,
      caller,
      callData: message.data,
      callValue: message.value,
      code,
      isStatic: message.isStatic,
      isCreate: message.isCreate ?? false,
      depth: message.depth,
      ...(Reflect.get(evm, '_tx') as TransactionFields),
      block: Reflect.get(evm, '_block') as unknown,
      contract,
      codeAddress: message.codeAddress,
      gasRefund: message.gasRefund,
      blobVersionedHashes: message.blobVersionedHashes ?? [],
      createdAddresses
    }
    const interpreter = Reflect.construct(interpreterClass, [
      ...[evm, evm.stateManager, evm.blockchain, environment, message.gasLimit, evm.journal]
    ]) as Interpreter
    if (selfdestruct !== undefined) interpreter._result.selfdestruct = selfdestruct
    if (createdAddresses !== undefined) interpreter._result.createdAddresses = createdAddresses
    return interpreter
  }

  /** Undefined when the code came to its end. */
  async #runOpcodes(runState: RunState, code: Uint8Array): Promise<EVMError | undefined> {
    const { common } = this.#evm
    const opcodes = this.#opcodes
    const { interpreter } = runState
    let hasJumps = false
    try {
      for (let at = 0; at < code.length; at = runState.programCounter) {
        const opcode = code[at]!
        const { opcodeInfo, opHandler, gasHandler } = opcodes[opcode]!
        runState.opCode = opcode
        if (!hasJumps && (opcode === JUMP || opcode === JUMPI)) {
          runState.validJumps = jumpsOf(code)
          hasJumps = true
        }
        let gas = opcodeInfo.feeBigInt
        if (opcodeInfo.dynamicGas) {
          const price = gasHandler(runState, gas, common)
          gas = typeof price === 'bigint' ? price : await price
        }
        if (opcodeInfo.isInvalid) return new EVMError(EVMError.errorMessages.INVALID_OPCODE)
        interpreter.useGas(gas)
        runState.programCounter = at + 1
        const running = opHandler(runState, common)
        if (running !== undefined) await running
        this.#work += opcodeInfo.dynamicGas || running !== undefined ? PRICED_WORK : 1
        if (this.#work < WORK_PER_LOOK) continue
        this.#work = 0
        const turn = this.#yielder.maybeYield()
        if (turn !== undefined) await turn
      }
    } catch (thrown) {
      // The library throws to stop as well, and its errors are none of Error.
      if (!(thrown instanceof EVMError)) throw thrown
      return thrown.error === EVMError.errorMessages.STOP ? undefined : thrown
    }
    return undefined
  }
}

/** Where a frame stopped; the opcode has not taken its items off the stack. */
function haltOf({ opCode, stack, returnBytes }: RunState): Halt {
  const [, start = 0n, length = 0n] =
    opCode === RETURNDATACOPY && stack.length > 2 ? stack.peek(3) : []
  const isBeyondReturnData = start + length > BigInt(returnBytes.length)
  return { opcode: opCode, stackLength: stack.length, isBeyondReturnData }
}

/** The class is not exported: a frame of the library's own shows it. */
async function findInterpreterClass(): Promise<new (...parts: never[]) => unknown> {
  const found: Interpreter[] = []
  const logicFunction = ({ interpreter }: RunState) => {
    found.push(interpreter)
  }
  const opcode = { opcode: JUMPDEST, opcodeName: 'JUMPDEST', baseFee: 1, logicFunction }
  const evm = await createEVM({ customOpcodes: [opcode] })
  await evm.runCode({ code: Uint8Array.of(JUMPDEST) })
  const [interpreter] = found
  if (interpreter === undefined) throw new Error('the EVM ran without an interpreter')
  return interpreter.constructor as new (...parts: never[]) => unknown
}

/** Where jumps may go: at each JUMPDEST that is no part of what is pushed. */
function jumpsOf(code: Uint8Array): Uint8Array {
  const known = jumpsByCode.get(code)
  if (known !== undefined) return known
  const jumps = new Uint8Array(code.length)
  for (let at = 0; at < code.length; at++) {
    const opcode = code[at]!
    if (opcode === JUMPDEST) jumps[at] = 1
    else if (opcode >= PUSH1 && opcode <= PUSH32) at += opcode - PUSH1 + 1
  }
  jumpsByCode.set(code, jumps)
  return jumps
}
