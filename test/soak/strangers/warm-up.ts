// Honest users of every node before an attack: workers have started, code is compiled and heaps have grown as in service.
import { type Cluster } from '../../../devnet/cluster/cluster.ts'
import { callRpc } from '../../../devnet/cluster/rpc-client.ts'

/** Users of one node; each asks again as soon as it is answered. */
const USERS_PER_NODE = 4

/** Asks every node until `isOver` settles. A call that fails is none of the attack's doing, and fails the trial. */
export async function warmUp(cluster: Cluster, isOver: Promise<unknown>): Promise<void> {
  let isWarm = false
  const over = isOver.finally(() => {
    isWarm = true
  })
  const call = { to: cluster.layout.signer, data: '0x', gas: '0x5208' }
  const use = async (rpcUrl: string) => {
    while (!isWarm) {
      await callRpc(rpcUrl, 'eth_getBlockByNumber', ['latest', true])
      await callRpc(rpcUrl, 'eth_getBlockReceipts', ['latest'])
      await callRpc(rpcUrl, 'eth_getLogs', [{ fromBlock: '0x1', toBlock: 'latest' }])
      await callRpc(rpcUrl, 'eth_call', [call, 'latest'])
      await callRpc(rpcUrl, 'eth_estimateGas', [call])
    }
  }
  const users = cluster.names.flatMap((name) =>
    Array.from({ length: USERS_PER_NODE }, () => use(cluster.node(name).rpcUrl))
  )
  await Promise.all([over, ...users])
}
