// eth_ methods about prices: what a transaction pays now, and what it paid lately.
import { hexQuantity } from '../base/bytes.ts'
import { z } from 'zod'
import { type Yielder } from '../base/yielder.ts'
import { nextBaseFee as baseFeeAfter } from '../chain/blocks/base-fee.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { isPending, requireBlock, requireReceipts, storedBlock } from './block-resolution.ts'
import { effectiveGasPrice } from './format.ts'
import { JsonItems } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { blockParam, parseParams } from './params.ts'
import { type RpcChain, type RpcNode, type TransactionFees } from './ports.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Suggested tip: blocks are rarely full, so little suffices. */
export const SUGGESTED_TIP_WEI = 1_000_000n
/** What a unit of blob gas costs while no excess raises it. */
export const BLOB_BASE_FEE_WEI = 1n
/** Blocks of one eth_feeHistory. */
const FEE_HISTORY_MAX_BLOCKS = 1024n
/** Transactions whose tips one eth_feeHistory looks at. */
export const FEE_HISTORY_MAX_TRANSACTIONS = 100_000
/** Percentiles of one eth_feeHistory. */
const PERCENTILES_MAX = 100

const percentiles = z
  .array(z.number().min(0).max(100))
  .max(PERCENTILES_MAX)
  .refine((wanted) => wanted.every((one, index) => index === 0 || one >= wanted[index - 1]!), {
    message: 'must ascend'
  })
  .nullish()
  .transform((wanted) => wanted ?? [])

/** As math.HexOrDecimal64 of geth. */
const countParam = z.union(
  [
    z.number().int().positive().transform(BigInt),
    z
      .string()
      .regex(/^(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,19})$/)
      .transform((text) => BigInt(text))
  ],
  { error: 'must be a number of blocks, decimal or hex' }
)

/** What the methods read from. */
export interface FeeMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  /** The base fee of the block after this one. */
  readonly nextBaseFee: () => bigint
  /** What a transaction pays, without its sender. */
  readonly decodeFees: (raw: Uint8Array) => TransactionFees
}

/** The methods by name. */
export function feeMethods({
  chain,
  node,
  nextBaseFee,
  decodeFees
}: FeeMethodDeps): Record<string, RpcMethod> {
  return {
    /** Enough for the next block, and for an estimate on the head, whose base fee may be the higher one. */
    eth_gasPrice() {
      const [head, next] = [chain.head().header.baseFeePerGas, nextBaseFee()]
      return hexQuantity((head > next ? head : next) + SUGGESTED_TIP_WEI)
    },
    /** No transaction brings blobs, so the price stays the least there is (EIP-4844, MIN_BASE_FEE_PER_BLOB_GAS). */
    eth_blobBaseFee: () =>
      chain.head().header.excessBlobGas === undefined ? null : hexQuantity(BLOB_BASE_FEE_WEI),
    eth_maxPriorityFeePerGas: () => hexQuantity(SUGGESTED_TIP_WEI),
    async eth_feeHistory(params, { turns }) {
      const [count, newest, wanted] = parseParams(params, [countParam, blockParam, percentiles])
      const last = requireBlock({ chain, node }, newest)
      const taken = count < FEE_HISTORY_MAX_BLOCKS ? count : FEE_HISTORY_MAX_BLOCKS
      const first = last.number + 1n > taken ? last.number + 1n - taken : 0n
      const baseFees: string[] = []
      const ratios: number[] = []
      const rewards: string[][] = []
      let transactionsCount = 0
      for (let number = first; number <= last.number; number++) {
        const block = number === last.number ? last : storedBlock(chain, number)
        await turns.maybeYield()
        if (block === undefined) continue
        const { header } = block
        if (wanted.length > 0) {
          transactionsCount += block.transactions.length
          if (transactionsCount > FEE_HISTORY_MAX_TRANSACTIONS) throw tooManyTransactions()
          const tips = await paidTips(block, requireReceipts(chain, block), decodeFees, turns)
          rewards.push(tipPercentiles(tips, wanted).map(hexQuantity))
        }
        baseFees.push(hexQuantity(header.baseFeePerGas))
        ratios.push(Number(header.gasUsed) / Number(header.gasLimit))
      }
      const stored = storedBlock(chain, last.number + 1n)?.header.baseFeePerGas
      const following = stored ?? (isPending(newest) ? baseFeeAfter(last.header) : nextBaseFee())
      const blobFee =
        last.header.excessBlobGas === undefined ? undefined : hexQuantity(BLOB_BASE_FEE_WEI)
      return {
        oldestBlock: hexQuantity(first),
        baseFeePerGas: [...baseFees, hexQuantity(following)],
        gasUsedRatio: ratios,
        ...(blobFee !== undefined && {
          baseFeePerBlobGas: [...ratios, 0].map(() => blobFee),
          blobGasUsedRatio: ratios.map(() => 0)
        }),
        ...(wanted.length > 0 && { reward: new JsonItems(rewards) })
      }
    }
  }
}

function tooManyTransactions(): RpcError {
  const most = String(FEE_HISTORY_MAX_TRANSACTIONS)
  const message = `the blocks hold more than ${most} transactions; ask for fewer blocks, or without percentiles`
  return new RpcError(RPC_CODES.limitExceeded, message)
}

interface PaidTip {
  readonly gas: bigint
  readonly tip: bigint
}

/** What each transaction of the block used and paid above the base fee, lowest tip first. */
async function paidTips(
  { header, transactions }: Block,
  receipts: Iterable<StoredReceipt>,
  decodeFees: FeeMethodDeps['decodeFees'],
  turns: Yielder
): Promise<readonly PaidTip[]> {
  const baseFee = header.baseFeePerGas
  const paid: PaidTip[] = []
  let gasBefore = 0n
  for (const { cumulativeGasUsed } of receipts) {
    await turns.maybeYield()
    const fees = decodeFees(transactions[paid.length] ?? new Uint8Array())
    const tip = effectiveGasPrice(fees, baseFee) - baseFee
    paid.push({ gas: cumulativeGasUsed - gasBefore, tip })
    gasBefore = cumulativeGasUsed
  }
  return paid.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0))
}

/** The tips at percentiles of the gas used; zeros in an empty block. */
function tipPercentiles(paid: readonly PaidTip[], wanted: readonly number[]): readonly bigint[] {
  const gasUsed = paid.reduce((sum, { gas }) => sum + gas, 0n)
  return wanted.map((percentile) => {
    const threshold = (gasUsed * BigInt(Math.round(percentile * 100))) / 10_000n
    let gas = 0n
    for (const { gas: used, tip } of paid) {
      gas += used
      if (gas >= threshold) return tip
    }
    return paid.at(-1)?.tip ?? 0n
  })
}
