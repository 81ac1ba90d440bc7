// Transactions that pay nothing, and such as hold on any chain.
import { type Attack } from '../attack.ts'
import { crowd, pause } from '../support/crowd.ts'
import { sendRaw, sign } from '../support/stranger-wallet.ts'

const EVERY_MS = 20
const TO = '0x6666666666666666666666666666666666666666'

/** Every second one names no chain. */
export const FREE_TRANSACTIONS: Attack = {
  name: 'free-transactions',
  group: 'calls',
  title: 'transactions with gas price 0, and unprotected ones',
  async run({ nodes, accountKeys, chainId }, tools) {
    const { signal, did } = tools
    const { rpcUrl } = nodes[0]!
    const nonces = accountKeys.map(() => 0)
    await crowd(tools, accountKeys.length, async (stranger) => {
      const nonce = nonces[stranger]!
      const isProtected = nonce % 2 === 0
      const transaction = { type: 'legacy', nonce, gasPrice: 0n, gas: 21_000n, to: TO } as const
      const raw = await sign(accountKeys[stranger]!, {
        ...transaction,
        ...(isProtected && { chainId })
      })
      did('transactions')
      nonces[stranger] = nonce + 1
      await sendRaw(rpcUrl, raw)
      did('transactions taken')
      await pause(EVERY_MS, signal)
    })
  }
}
