// eth_ methods about prices: what a transaction pays now, and what it paid lately.
import { z } from 'zod'
import { findBlock } from './block-resolution.ts'
import { effectiveGasPrice, quantity } from './format.ts'
import { type RpcMethod } from './json-rpc.ts'
import { blockParam, parseParams, quantityParam } from './params.ts'
import { type Block } from '../chain/block.ts'
import { type DecodedTransaction, type RpcChain } from './ports.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Suggested tip: blocks are rarely full, so little suffices. */
const SUGGESTED_TIP_WEI = 1_000_000n
/** Blocks of one eth_feeHistory. */
const FEE_HISTORY_MAX_BLOCKS = 1024n

const percentiles = z.array(z.number().min(0).max(100)).max(100).default([])

/** What the methods read from. */
export interface FeeMethodDeps {
  readonly chain: RpcChain
  /** The base fee of the block after this one. */
  readonly nextBaseFee: () => bigint
  readonly decode: (raw: Uint8Array) => DecodedTransaction
}

/** The methods by name. */
export function feeMethods({
  chain,
  nextBaseFee,
  decode
}: FeeMethodDeps): Record<string, RpcMethod> {
  return {
    eth_gasPrice: () => quantity(nextBaseFee() + SUGGESTED_TIP_WEI),
    eth_maxPriorityFeePerGas: () => quantity(SUGGESTED_TIP_WEI),
    eth_feeHistory(params) {
      const [count, newest, wanted] = parseParams(params, [
        z.union([quantityParam, z.number().int().positive().transform(BigInt)]),
        blockParam,
        percentiles
      ])
      const last = findBlock(chain, newest)
      if (last === undefined) throw new RpcError(RPC_CODES.serverError, 'block not found')
      const taken = count < FEE_HISTORY_MAX_BLOCKS ? count : FEE_HISTORY_MAX_BLOCKS
      const first = last.number + 1n > taken ? last.number + 1n - taken : 0n
      const baseFees: string[] = []
      const ratios: number[] = []
      const rewards: string[][] = []
      for (let number = first; number <= last.number; number++) {
        const block = chain.blockByNumber(number)
        if (block === undefined) continue
        const { header } = block
        if (wanted.length > 0) {
          rewards.push(tipPercentiles(chain, decode, block, wanted).map(quantity))
        }
        baseFees.push(quantity(header.baseFeePerGas))
        ratios.push(Number(header.gasUsed) / Number(header.gasLimit))
      }
      const following = chain.blockByNumber(last.number + 1n)?.header.baseFeePerGas
      return {
        oldestBlock: quantity(first),
        baseFeePerGas: [...baseFees, quantity(following ?? nextBaseFee())],
        gasUsedRatio: ratios,
        ...(wanted.length > 0 && { reward: rewards })
      }
    }
  }
}

/** The tips paid in a block at percentiles of the gas used, lowest tip first; zeros in an empty block. */
function tipPercentiles(
  chain: RpcChain,
  decode: (raw: Uint8Array) => DecodedTransaction,
  block: Block,
  wanted: readonly number[]
): readonly bigint[] {
  const baseFee = block.header.baseFeePerGas
  let gasBefore = 0n
  const paid = (chain.receipts(block.hash) ?? []).map(({ cumulativeGasUsed }, index) => {
    const gas = cumulativeGasUsed - gasBefore
    gasBefore = cumulativeGasUsed
    const { json } = decode(block.transactions[index] ?? new Uint8Array())
    return { gas, tip: effectiveGasPrice(json, baseFee) - baseFee }
  })
  paid.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0))
  return wanted.map((percentile) => {
    const threshold = (gasBefore * BigInt(Math.round(percentile * 100))) / 10_000n
    let gas = 0n
    for (const { gas: used, tip } of paid) {
      gas += used
      if (gas >= threshold) return tip
    }
    return paid.at(-1)?.tip ?? 0n
  })
}
