// What the readers know of the chain beforehand: blocks with their transactions and logs, and who holds how many tokens.
import { encodeFunctionData } from 'viem'
import { type Hex } from '../../../src/base/bytes.ts'
import { callRpc } from '../../../devnet/cluster/rpc-client.ts'
import { readToken } from '../../../devnet/load/token-contract.ts'

/** One block, and what it holds. */
export interface BlockKnown {
  readonly number: number
  readonly hash: Hex
  readonly stateRoot: Hex
  readonly transactions: readonly Hex[]
  /** Of the token. */
  readonly logsCount: number
}

/** Who is asked about, and what he had at the last known block. */
export interface HolderKnown {
  readonly address: Hex
  readonly balance: Hex
}

/** Everything that answers are held against. */
export interface ReadFacts {
  readonly token: Hex
  readonly chainId: number
  /** Consecutive, ascending. */
  readonly blocks: readonly BlockKnown[]
  readonly holders: readonly HolderKnown[]
}

interface AnsweredBlock {
  readonly number: Hex
  readonly hash: Hex
  readonly stateRoot: Hex
  readonly transactions: readonly Hex[]
}

/** The data of a call that asks for a balance. */
export function balanceOf(address: Hex): Hex {
  const { abi } = readToken()
  return encodeFunctionData({ abi, functionName: 'balanceOf', args: [address] })
}

/** Reads the blocks first..last, before there is any load of readers. */
export async function gatherFacts(
  rpcUrl: string,
  {
    first,
    last,
    token,
    addresses
  }: {
    readonly first: number
    readonly last: number
    readonly token: Hex
    readonly addresses: readonly Hex[]
  }
): Promise<ReadFacts> {
  const blocks: BlockKnown[] = []
  for (let number = first; number <= last; number++) {
    const tag = `0x${number.toString(16)}`
    const block = (await callRpc(rpcUrl, 'eth_getBlockByNumber', [tag, false])) as AnsweredBlock
    const filter = { fromBlock: tag, toBlock: tag, address: token }
    const logs = (await callRpc(rpcUrl, 'eth_getLogs', [filter])) as readonly unknown[]
    const { hash, stateRoot, transactions } = block
    blocks.push({ number, hash, stateRoot, transactions, logsCount: logs.length })
  }
  const tag = `0x${last.toString(16)}`
  const holders: HolderKnown[] = []
  for (const address of addresses) {
    const call = { to: token, data: balanceOf(address) }
    const balance = (await callRpc(rpcUrl, 'eth_call', [call, tag])) as Hex
    holders.push({ address, balance })
  }
  const chainId = Number(await callRpc(rpcUrl, 'eth_chainId'))
  return { token, chainId, blocks, holders }
}
