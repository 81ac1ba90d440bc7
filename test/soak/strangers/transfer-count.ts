// How many of the load's transfers the blocks of a span hold: those that call the token.
import { callRpc } from '../../../devnet/cluster/rpc-client.ts'
import { type Span } from './heads-watch.ts'

/** `transfer(address,uint256)`. */
const TRANSFER_SELECTOR = '0xa9059cbb'

/** Counts over the heights whose slots lie in the span, up to the first block that the node does not give. */
export async function countTransfers(
  rpcUrl: string,
  {
    genesisMs,
    blockTimeMs,
    span
  }: { readonly genesisMs: number; readonly blockTimeMs: number; readonly span: Span }
): Promise<number> {
  let count = 0
  const first = Math.ceil((span.startMs - genesisMs) / blockTimeMs)
  const end = Math.floor((span.endMs - genesisMs) / blockTimeMs)
  for (let number = first; number < end; number++) {
    const tag = `0x${number.toString(16)}`
    const block = (await callRpc(rpcUrl, 'eth_getBlockByNumber', [tag, true]).catch(
      () => null
    )) as {
      readonly transactions: readonly { readonly input: string }[]
    } | null
    const transfers = block?.transactions.filter(({ input }) => input.startsWith(TRANSFER_SELECTOR))
    count += transfers?.length ?? 0
  }
  return count
}
