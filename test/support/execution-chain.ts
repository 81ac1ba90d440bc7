// A chain in memory with the embedded engine on top: blocks are built, executed again and become the head.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { type Clock } from '../../src/base/clock.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { privateKeyToAddress } from '../../src/base/secp256k1.ts'
import { nextBaseFee } from '../../src/chain/blocks/base-fee.ts'
import { createBlockTimes } from '../../src/chain/blocks/block-times.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { genesisBlock, MESSAGE_PASSER } from '../../src/chain/genesis/genesis-block.ts'
import { type Genesis, parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { createEmbeddedEngine } from '../../src/execution/embedded-engine.ts'
import {
  type ExecutionEngine,
  type NewPayloadValid,
  type PayloadAttributes
} from '../../src/execution/engine.ts'
import { createEvmCommon } from '../../src/execution/evm-rules.ts'
import { genesisChanges } from '../../src/execution/genesis-state.ts'
import { TransactionPool } from '../../src/execution/pool.ts'
import { type PreparedLayer } from '../../src/state/layer.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'

/** The chain id of every chain here. */
export const EXECUTION_CHAIN_ID = 901n
/** Gets the tips; exists only once it was paid. */
export const FEE_RECIPIENT: Hex = '0xfee0000000000000000000000000000000000fee'

/** One account of the genesis file, but for what the sample brings itself. */
export interface AllocEntry {
  readonly balance?: Hex
  readonly nonce?: Hex
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hex, Hex>>
}

/** A key of its own for each index, with a million ether behind the first eight. */
export function testKey(index: number): Uint8Array {
  return keccak256(Uint8Array.of(0x6b, index))
}

/** The address of `testKey`. */
export function testAddress(index: number): Hex {
  return privateKeyToAddress(testKey(index))
}

const FUNDED_COUNT = 8

/** The sample genesis with eight rich accounts and what `alloc` adds. */
export function executionGenesis(alloc: Readonly<Record<Hex, AllocEntry>> = {}): Genesis {
  const text = sampleGenesisText({
    chainId: Number(EXECUTION_CHAIN_ID),
    signer: testAddress(0),
    fundedAccounts: Array.from({ length: FUNDED_COUNT }, (_, index) => testAddress(index)),
    timestamp: 1_700_000_000,
    blockTimeMs: 1000
  })
  const file = JSON.parse(text) as { alloc: Record<string, AllocEntry> }
  for (const [address, entry] of Object.entries(alloc)) {
    file.alloc[address] = { balance: '0x0', ...entry }
  }
  return parseGenesis(JSON.stringify(file))
}

/** What a test watches or drives. */
export interface ExecutionChainOptions {
  readonly clock?: Pick<Clock, 'monotonicMs'>
  readonly log?: Log
}

/** A block with what executing it gave. */
export interface ExecutedBlock extends NewPayloadValid<PreparedLayer> {
  readonly block: Block
}

/** The engine over stores in memory. Blocks are canonical once `adopt` took them. */
export class ExecutionChain {
  readonly common = createEvmCommon(EXECUTION_CHAIN_ID)
  readonly genesis: Genesis
  readonly state: StateStore
  readonly engine: ExecutionEngine<PreparedLayer>
  readonly pool: TransactionPool
  readonly #blocks = new Map<Hex, Block>()
  readonly #canonical = new Map<bigint, Hex>()
  #head: Block

  constructor(
    { genesis, state }: { readonly genesis: Genesis; readonly state: StateStore },
    first: Block,
    options: ExecutionChainOptions = {}
  ) {
    this.genesis = genesis
    this.state = state
    this.#head = first
    this.#note(first)
    const times = createBlockTimes('op', genesis.config.blockTimeMs)
    this.pool = new TransactionPool({
      common: this.common,
      head: () => {
        const view = this.view()
        return {
          account: (hash) => view.account(hash),
          blockGasLimit: this.#head.header.gasLimit,
          baseFee: nextBaseFee(this.#head.header)
        }
      }
    })
    this.engine = createEmbeddedEngine({
      common: this.common,
      chain: {
        blockByHash: (hash) => this.#blocks.get(hash),
        canonicalHash: (number) => this.#canonical.get(number)
      },
      state,
      pool: this.pool,
      rules: { times, forks: genesis.config.forks },
      log: silentLog,
      ...options
    })
  }

  /** A chain of its genesis block alone. */
  static async open(
    genesis: Genesis = executionGenesis(),
    options?: ExecutionChainOptions
  ): Promise<ExecutionChain> {
    const changes = genesisChanges(genesis.alloc)
    const state = new StateStore({ store: createMemoryStore(), log: silentLog })
    const stateRoot = await state.resetToGenesis({ changes, number: 0n, hash: '0x' })
    const messagePasserRoot = state.view('0x')?.storageRoot(keccak256(hexToBytes(MESSAGE_PASSER)))
    assert.ok(messagePasserRoot)
    const first = genesisBlock(genesis, { stateRoot, messagePasserRoot })
    await state.resetToGenesis({ changes, number: 0n, hash: first.hash })
    return new ExecutionChain({ genesis, state }, first, options)
  }

  get head(): Block {
    return this.#head
  }

  /** The canonical hash of a height is lost, as out of a damaged database. */
  forget(number: bigint): void {
    this.#canonical.delete(number)
  }

  /** The head's state. */
  view() {
    const view = this.state.view(this.#head.hash)
    assert.ok(view, 'the state of the head is readable')
    return view
  }

  /** An account's slot at the head, 0n when it is not set. */
  slot(address: Hex, slot: bigint): bigint {
    const key = hexToBytes(`0x${slot.toString(16).padStart(64, '0')}`)
    const value = this.view().slot(keccak256(hexToBytes(address)), keccak256(key))
    return value === undefined || value.length === 0 ? 0n : BigInt(bytesToHex(value))
  }

  /** An account at the head. */
  account(address: Hex) {
    return this.view().account(keccak256(hexToBytes(address)))
  }

  /** The attributes of a block after the head that holds these transactions and no others. */
  attributes(changes: Partial<PayloadAttributes> = {}): PayloadAttributes {
    const { header } = this.#head
    return {
      timestamp: header.timestamp + 1n,
      prevRandao: keccak256(header.prevRandao),
      feeRecipient: FEE_RECIPIENT,
      parentBeaconBlockRoot: keccak256(header.parentHash),
      gasLimit: header.gasLimit,
      noTxPool: true,
      ...changes
    }
  }

  /** Starts a job on the head. */
  async startJob(changes: Partial<PayloadAttributes> = {}): Promise<string> {
    const answer = await this.engine.forkchoiceUpdated(this.#head.hash, this.attributes(changes))
    assert.ok(answer.kind === 'valid' && answer.payloadId !== undefined)
    return answer.payloadId
  }

  /** Builds a block of these transactions on the head, executes it a second time, and makes it the head. */
  async extend(
    transactions: readonly Uint8Array[],
    changes: Partial<PayloadAttributes> = {}
  ): Promise<ExecutedBlock> {
    const { block } = await this.engine.getPayload(
      await this.startJob({ ...changes, transactions })
    )
    const built = await this.engine.newPayload(block)
    const executed = await this.engine.newPayload(block)
    assert.ok(built.kind === 'valid')
    assert.ok(executed.kind === 'valid', 'reason' in executed ? executed.reason : executed.kind)
    assert.deepEqual(executed.changes, built.changes, 'a second run changes the same')
    this.adopt(block, executed.layer)
    return { block, ...executed }
  }

  /** Makes a child of the head the head. */
  adopt(block: Block, layer: PreparedLayer): void {
    this.state.add(layer, block)
    this.#note(block)
    this.#head = block
  }

  #note(block: Block): void {
    this.#blocks.set(block.hash, block)
    this.#canonical.set(block.number, block.hash)
  }
}
