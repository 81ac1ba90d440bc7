// A block with 9,900 logs, brought about by one transaction of a stranger.
import { setTimeout as sleep } from 'node:timers/promises'
import { callRpc } from '../../../../devnet/cluster/rpc-client.ts'
import { type Hex } from '../../../../src/base/bytes.ts'
import { type Target } from '../attack.ts'
import { MANY_LOGS, MANY_LOGS_GAS } from './evm-code.ts'
import { sendRaw, signDue } from './stranger-wallet.ts'

const TRIES = 60
const TRY_AGAIN_MS = 500

/** Its height as JSON-RPC writes it. Throws when it does not come. */
export async function makeLogBlock({ nodes, accountKeys, chainId }: Target): Promise<Hex> {
  const { rpcUrl } = nodes[0]!
  const transaction = { chainId, data: MANY_LOGS, gas: MANY_LOGS_GAS }
  const hash = await sendRaw(rpcUrl, await signDue(rpcUrl, accountKeys[0]!, transaction))
  for (let tries = 0; tries < TRIES; tries++) {
    const receipt = (await callRpc(rpcUrl, 'eth_getTransactionReceipt', [hash]).catch(
      () => null
    )) as { readonly blockNumber: Hex } | null
    if (receipt !== null) return receipt.blockNumber
    await sleep(TRY_AGAIN_MS)
  }
  throw new Error('no block has the logs')
}
