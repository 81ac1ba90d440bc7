// A plain JSON-RPC client for the checks: it sees what any client of a node sees.
import { type Hex } from '../../src/base/bytes.ts'

const REQUEST_TIMEOUT_MS = 5_000

/** A JSON-RPC error as the node answered it. */
export class RpcAnswerError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** One call; throws RpcAnswerError for an error answer, and whatever fetch throws when nobody answers. */
export async function callRpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
  headers: Readonly<Record<string, string>> = {}
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  })
  const answer = (await response.json()) as {
    readonly result?: unknown
    readonly error?: { readonly code: number; readonly message: string }
  }
  if (answer.error !== undefined) throw new RpcAnswerError(answer.error.code, answer.error.message)
  return answer.result
}

/** The height of the node's head. */
export async function readBlockNumber(url: string): Promise<number> {
  return Number(await callRpc(url, 'eth_blockNumber'))
}

/** A block as a node's RPC shows it. */
export interface RpcBlock {
  readonly number: number
  readonly hash: Hex
  readonly parentHash: Hex
  readonly stateRoot: Hex
}

/** A block with what the load put into it. */
export interface TimedBlock extends RpcBlock {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly transactionsCount: number
}

/** The block at a height, or undefined when the node has none there. */
export async function readBlock(
  url: string,
  number: number | 'latest'
): Promise<TimedBlock | undefined> {
  const tag = number === 'latest' ? number : `0x${number.toString(16)}`
  const block = (await callRpc(url, 'eth_getBlockByNumber', [tag, false])) as {
    readonly number: Hex
    readonly hash: Hex
    readonly parentHash: Hex
    readonly stateRoot: Hex
    readonly timestamp: Hex
    readonly transactions: readonly Hex[]
  } | null
  if (block === null) return undefined
  const { hash, parentHash, stateRoot, transactions } = block
  return {
    number: Number(block.number),
    hash,
    parentHash,
    stateRoot,
    timestamp: Number(block.timestamp),
    transactionsCount: transactions.length
  }
}

/** The canonical chain from genesis to the node's head. */
export async function readChain(url: string): Promise<ReadonlyMap<number, RpcBlock>> {
  const chain = new Map<number, RpcBlock>()
  const head = await readBlockNumber(url)
  for (let number = 0; number <= head; number++) {
    const block = await readBlock(url, number)
    if (block !== undefined) chain.set(number, block)
  }
  return chain
}
