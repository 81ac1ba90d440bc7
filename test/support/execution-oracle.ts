// What @ethereumjs/vm makes of a block: its own state in its own tries, with its own cryptography.
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import { createAccount, createAddressFromString } from '@ethereumjs/util'
import { createVM, runBlock, type VM } from '@ethereumjs/vm'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { type Genesis } from '../../src/chain/genesis/genesis.ts'
import { type Receipt } from '../../src/chain/blocks/receipt.ts'

/** What a block comes to, in the words of both sides. */
export interface Outcome {
  readonly stateRoot: Hex
  readonly receiptsRoot: Hex
  readonly logsBloom: Hex
  readonly gasUsed: bigint
  readonly receipts: readonly {
    readonly status: number
    readonly cumulativeGasUsed: bigint
    readonly logsBloom: Hex
    readonly logs: readonly { address: Hex; topics: readonly Hex[]; data: Hex }[]
  }[]
}

/** The same chain, executed by the oracle. */
export class ExecutionOracle {
  readonly #vm: VM
  readonly #hashes: Map<bigint, Uint8Array>

  constructor(vm: VM, hashes: Map<bigint, Uint8Array>) {
    this.#vm = vm
    this.#hashes = hashes
  }

  /** At genesis. */
  static async open(genesis: Genesis, genesisHash: Hex): Promise<ExecutionOracle> {
    const chainId = Number(genesis.config.chainId)
    const common = new Common({ chain: { ...Mainnet, chainId }, hardfork: Hardfork.Prague })
    const trie = await createMPT({ useKeyHashing: true, common })
    const stateManager = new MerkleStateManager({ common, trie })
    for (const { address, balance, nonce, code, storage } of genesis.alloc) {
      const target = createAddressFromString(address)
      await stateManager.putAccount(target, createAccount({ nonce, balance }))
      if (code.length > 0) await stateManager.putCode(target, code)
      for (const [slot, value] of storage) {
        const start = value.findIndex((byte) => byte !== 0)
        if (start !== -1) {
          await stateManager.putStorage(target, hexToBytes(slot), value.subarray(start))
        }
      }
    }
    const hashes = new Map([[0n, hexToBytes(genesisHash)]])
    const blockchain = {
      async getBlock(number: unknown) {
        const hash = hashes.get(BigInt(number as number)) ?? new Uint8Array(32)
        return { hash: () => hash }
      },
      putBlock: () => Promise.reject(new Error('the oracle stores no blocks')),
      shallowCopy: () => blockchain
    }
    return new ExecutionOracle(await createVM({ common, stateManager, blockchain }), hashes)
  }

  /** The next block, of which it takes the environment and the transactions, but no result. */
  async run(block: Block): Promise<Outcome> {
    const { header } = block
    const { common } = this.#vm
    const result = await runBlock(this.#vm, {
      block: createBlock(
        {
          header: {
            parentHash: header.parentHash,
            coinbase: header.feeRecipient,
            number: header.number,
            gasLimit: header.gasLimit,
            timestamp: header.timestamp,
            extraData: header.extraData,
            mixHash: header.prevRandao,
            baseFeePerGas: header.baseFeePerGas,
            blobGasUsed: 0n,
            excessBlobGas: 0n,
            ...(header.parentBeaconBlockRoot && {
              parentBeaconBlockRoot: header.parentBeaconBlockRoot
            })
          },
          transactions: block.transactions.map((raw) => createTxFromRLP(raw, { common })),
          withdrawals: []
        },
        { common }
      ),
      skipBlockValidation: true,
      generate: true
    })
    this.#hashes.set(block.number, hexToBytes(block.hash))
    return {
      stateRoot: bytesToHex(result.stateRoot),
      receiptsRoot: bytesToHex(result.receiptsRoot),
      logsBloom: bytesToHex(result.logsBloom),
      gasUsed: result.gasUsed,
      receipts: result.receipts.map(({ cumulativeBlockGasUsed, bitvector, logs, ...receipt }) => ({
        status: 'status' in receipt ? receipt.status : -1,
        cumulativeGasUsed: cumulativeBlockGasUsed,
        logsBloom: bytesToHex(bitvector),
        logs: logs.map(([address, topics, data]) => ({
          address: bytesToHex(address),
          topics: topics.map(bytesToHex),
          data: bytesToHex(data)
        }))
      }))
    }
  }
}

/** A block of ours in the same words. */
export function outcomeOf({ header }: Block, receipts: readonly Receipt[]): Outcome {
  return {
    stateRoot: bytesToHex(header.stateRoot),
    receiptsRoot: bytesToHex(header.receiptsRoot),
    logsBloom: bytesToHex(header.logsBloom),
    gasUsed: header.gasUsed,
    receipts: receipts.map(({ status, cumulativeGasUsed, logsBloom, logs }) => ({
      status,
      cumulativeGasUsed,
      logsBloom: bytesToHex(logsBloom),
      logs: logs.map(({ address, topics, data }) => ({
        address: bytesToHex(address),
        topics: topics.map(bytesToHex),
        data: bytesToHex(data)
      }))
    }))
  }
}
