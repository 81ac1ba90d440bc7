// Transfers while nodes join: so many a block, each to one of the accounts that the state has.
import { bigintToBytes, bytesToHex } from '../../../src/base/bytes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { callRpc } from '../../../devnet/cluster/rpc-client.ts'
import { loadKeys } from '../../../devnet/load/accounts.ts'
import { signTransfer } from '../../../devnet/load/sign-transfer.ts'
import { createDice } from '../dice.ts'

const TRANSFERS_PER_BLOCK = 25
const TRANSFER_GAS = 21_000n

/** What is paid, and where. */
export interface BlockLoadOptions {
  readonly url: string
  readonly chainId: bigint
  readonly seed: number
  readonly accountsCount: number
  readonly blockTimeMs: number
}

/** Ends when the signal aborts. Resolves with how many were taken. One account pays, which has sent nothing yet. */
export async function payEachBlock(
  { url, chainId, seed, accountsCount, blockTimeMs }: BlockLoadOptions,
  signal: AbortSignal
): Promise<number> {
  const payer = loadKeys(seed)[1]!
  const dice = createDice(seed)
  let nonce = 0n
  while (!signal.aborted) {
    for (let count = 0; count < TRANSFERS_PER_BLOCK; count++) {
      const index = bigintToBytes(BigInt(dice(accountsCount)), 32)
      const to = keccak256(index).slice(12)
      const data = new Uint8Array(0)
      const signed = signTransfer({ chainId, nonce, to, data, gas: TRANSFER_GAS }, payer)
      await callRpc(url, 'eth_sendRawTransaction', [bytesToHex(signed)])
      nonce += 1n
    }
    await systemClock.sleep(blockTimeMs, signal).catch(() => undefined)
  }
  return Number(nonce)
}
