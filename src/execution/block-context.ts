// The block as the EVM sees it while its transactions run.
import { type EVM, type EVMMockBlockchainInterface } from '@ethereumjs/evm'
import { type Common } from '@ethereumjs/common'
import { Address } from '@ethereumjs/util'
import { bytesToHex, hexToBytes, type Hex } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { NodeError } from '../base/node-error.ts'
import { type Block } from '../chain/blocks/block.ts'
import { createEvmInSlices, type EvmWatches } from './block-evm.ts'
import { blake2fPrecompiles } from './blake2f.ts'
import { modexpPrecompile } from './modexp.ts'
import { hashesInSlices } from './hashes-in-slices.ts'
import { curvePrecompiles } from './curve-precompiles.ts'
import { loadCurves } from './pairing-curve.ts'
import { pointEvaluation } from './point-evaluation.ts'
import { type StateAdapter } from './state-adapter.ts'

/** What BLOCKHASH reads: canonical hashes of the last 256 blocks; undefined for one that is lost. */
export type BlockHashes = (number: bigint) => Hex | undefined | Promise<Hex | undefined>

/** A stored block is lost whose hash a transaction asks for. */
export interface BlockHashFailure {
  readonly code: 'block-hash-unknown'
  readonly number: bigint
}

/** Thrown out of the EVM: with zeros in place of the hash it would give another root than everybody else's. */
export class BlockHashError extends NodeError<BlockHashFailure> {}

/** The header fields that execution reads; known before the block is sealed. */
export interface BlockEnvironment {
  readonly number: bigint
  readonly parentHash: Uint8Array
  /** Seconds. */
  readonly timestamp: bigint
  readonly feeRecipient: Uint8Array
  readonly gasLimit: bigint
  readonly baseFeePerGas: bigint
  readonly prevRandao: Uint8Array
  readonly parentBeaconBlockRoot: Uint8Array | undefined
}

/** That of a block which is there, with bytes of its own: a view of a message would take all of that along into a worker. */
export function blockEnvironment({ header }: Pick<Block, 'header'>): BlockEnvironment {
  return {
    number: header.number,
    parentHash: new Uint8Array(header.parentHash),
    timestamp: header.timestamp,
    feeRecipient: new Uint8Array(header.feeRecipient),
    gasLimit: header.gasLimit,
    baseFeePerGas: header.baseFeePerGas,
    prevRandao: new Uint8Array(header.prevRandao),
    parentBeaconBlockRoot:
      header.parentBeaconBlockRoot && new Uint8Array(header.parentBeaconBlockRoot)
  }
}

/** Of a block, what its code can see. */
export type EvmBlockFields = Omit<BlockEnvironment, 'parentHash' | 'parentBeaconBlockRoot'>

/** Where an EVM stands: the rules, the state, and older hashes. */
export interface BlockEvmSite extends EvmWatches {
  readonly common: Common
  readonly state: StateAdapter
  readonly blockHashes: BlockHashes
}

/** What a transaction runs on. */
export interface TransactionSite {
  readonly evm: EVM
  readonly state: StateAdapter
  readonly yielder: Yielder
}

/** What `runCall` takes as its block. */
export function evmBlock(environment: EvmBlockFields) {
  return {
    header: {
      number: environment.number,
      coinbase: new Address(environment.feeRecipient),
      timestamp: environment.timestamp,
      difficulty: 0n,
      prevRandao: environment.prevRandao,
      gasLimit: environment.gasLimit,
      baseFeePerGas: environment.baseFeePerGas,
      getBlobGasPrice: () => 1n
    }
  }
}

/** An EVM on one state adapter; `yielder` is asked between small steps of its work, and may end it by what it throws. */
export async function createBlockEvm(
  { common, state, blockHashes, ...watches }: BlockEvmSite,
  yielder: Yielder
): Promise<EVM> {
  const curves = await loadCurves()
  const options = {
    common,
    stateManager: state,
    blockchain: createBlockHashSource(blockHashes),
    customPrecompiles: [
      ...blake2fPrecompiles(yielder),
      pointEvaluation(curves, yielder),
      modexpPrecompile(yielder),
      ...hashesInSlices(yielder),
      ...curvePrecompiles(curves, { common, yielder })
    ]
  }
  return createEvmInSlices(options, yielder, watches)
}

/** EIP-2929, EIP-3651: precompiles, sender, target and fee recipient cost no cold access. */
export function warmFromStart(evm: EVM, addresses: readonly (Address | undefined)[]): void {
  const { journal } = evm
  for (const precompile of evm.precompiles.keys()) journal.addAlwaysWarmAddress(precompile)
  for (const address of addresses) {
    if (address !== undefined) journal.addAlwaysWarmAddress(address.toString())
  }
}

/** EIP-2930: the addresses and slots that a transaction itself names. */
export function warmAccessList(
  { journal }: EVM,
  list: readonly (readonly [address: Uint8Array, slots: readonly Uint8Array[]])[]
): void {
  for (const [addressBytes, slots] of list) {
    const address = bytesToHex(addressBytes)
    journal.addAlwaysWarmAddress(address, true)
    for (const slot of slots) journal.addAlwaysWarmSlot(address, bytesToHex(slot), true)
  }
}

function createBlockHashSource(blockHashes: BlockHashes): EVMMockBlockchainInterface {
  return {
    async getBlock(number) {
      // The EVM asks for none but the last 256.
      const hash = await blockHashes(BigInt(number))
      if (hash === undefined) {
        throw new BlockHashError({ code: 'block-hash-unknown', number: BigInt(number) })
      }
      return { hash: () => hexToBytes(hash) }
    },
    putBlock: () => Promise.reject(new Error('execution stores no blocks')),
    shallowCopy: () => createBlockHashSource(blockHashes)
  }
}
