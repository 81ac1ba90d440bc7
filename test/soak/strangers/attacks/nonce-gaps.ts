// Transactions that cannot run, since one before them never comes: they fill what a pool has for those that wait.
import { signTransfer } from '../../../../devnet/load/sign-transfer.ts'
import { bytesToHex, hexToBytes } from '../../../../src/base/bytes.ts'
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { callText, postText } from '../support/http-client.ts'

const TRANSACTIONS = 20_000
const BATCH = 50
const FIRST_NONCE = 5n
const TO = new Uint8Array(20).fill(0x66)

/** As many as fill a pool, then the next nonces. */
export const NONCE_GAPS: Attack = {
  name: 'nonce-gaps',
  group: 'calls',
  title: `${String(TRANSACTIONS)} transactions behind a nonce that never comes, and more`,
  async run({ nodes, accountKeys, chainId }, tools) {
    const { signal, did } = tools
    const nonces = accountKeys.map(() => FIRST_NONCE)
    await crowd(tools, accountKeys.length, async (stranger) => {
      const key = hexToBytes(accountKeys[stranger]!)
      const raws = Array.from({ length: BATCH }, () => {
        const nonce = nonces[stranger]!
        nonces[stranger] = nonce + 1n
        const transfer = { chainId: BigInt(chainId), nonce, to: TO, data: new Uint8Array() }
        return bytesToHex(signTransfer(transfer, key))
      })
      const calls = raws.map((raw, id) => callText('eth_sendRawTransaction', [raw], id))
      const node = stranger % 4 === 3 ? pick(nodes, stranger) : nodes[0]!
      const localAddress = strangerAddress(stranger)
      did('transactions', BATCH)
      await postText(node.rpcUrl, `[${calls.join(',')}]`, { localAddress, signal })
    })
  }
}
