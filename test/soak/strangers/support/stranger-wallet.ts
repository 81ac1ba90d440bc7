// A stranger's account: transactions of any kind, and what a node says to them.
import { type TransactionSerializable } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { callRpc } from '../../../../devnet/cluster/rpc-client.ts'
import { type Hex } from '../../../../src/base/bytes.ts'

const TIP = 10n ** 9n
const FEE_CAP = 100n * 10n ** 9n

/** What a node would take if it could be executed in time: well paid, with the nonce that is due. */
export async function signDue(
  rpcUrl: string,
  key: Hex,
  transaction: {
    readonly chainId: number
    readonly to?: Hex
    readonly data: Hex
    readonly gas: bigint
  }
): Promise<Hex> {
  const { address } = privateKeyToAccount(key)
  const nonce = Number(await callRpc(rpcUrl, 'eth_getTransactionCount', [address, 'pending']))
  const fees = { maxFeePerGas: FEE_CAP, maxPriorityFeePerGas: TIP }
  return sign(key, { type: 'eip1559', nonce, ...fees, ...transaction })
}

/** Whatever is asked for. */
export async function sign(key: Hex, transaction: TransactionSerializable): Promise<Hex> {
  return privateKeyToAccount(key).signTransaction(transaction)
}

/** Hands it over; the hash. Throws what the node refuses it with. */
export async function sendRaw(rpcUrl: string, raw: Hex): Promise<string> {
  return (await callRpc(rpcUrl, 'eth_sendRawTransaction', [raw])) as string
}
