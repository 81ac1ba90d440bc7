// The load: deploys the token through viem and keeps transferring it, also past a sequencer's crash.
import {
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  http,
  parseEther,
  parseGwei
} from 'viem'
import { bytesToHex } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { loadKeys } from './accounts.ts'
import { type CompiledContract } from './token-contract.ts'

/** What every sender starts with, in whole tokens. */
const TOKENS_EACH = parseEther('1000000')
/** The deployer's: nobody has sent from it before. */
const FIRST_NONCE = 0
/** Enough for one ERC-20 transfer to a fresh account. */
const TRANSFER_GAS = 80_000n
const FEE_CAP = parseGwei('100')
const TIP = parseGwei('1')
/** How long a deployment may take to be included. */
const RECEIPT_TIMEOUT_MS = 30_000
/** Pause before a sender asks again after the sequencer did not answer. */
const RETRY_MS = 200
const REQUEST_TIMEOUT_MS = 5_000

/** What the load has done so far. */
export interface LoadCounts {
  readonly sentCount: number
  /** Refused or not delivered; sent again under a fresh nonce. */
  readonly failedCount: number
}

/** A running load. `run` lasts until its signal aborts. */
export interface TransferLoad {
  readonly token: Address
  run(signal: AbortSignal): Promise<void>
  counts(): LoadCounts
  /** Token balances of all senders and recipients by this node, as one comparable text. */
  balances(rpcUrl: string, blockNumber: bigint): Promise<string>
}

/** Deploys the token at the sequencer and gives each sender its share. Throws when it is not included. */
export async function deployLoad(
  rpcUrl: string,
  {
    chainId,
    seed,
    perSecond,
    contract
  }: { chainId: number; seed: number; perSecond: number; contract: CompiledContract }
): Promise<TransferLoad> {
  const chain = devnetChain(chainId, rpcUrl)
  const client = createPublicClient({ chain, transport: http(), pollingInterval: 100 })
  const accounts = loadKeys(seed).map((key) => privateKeyToAccount(bytesToHex(key)))
  const [deployer, ...others] = accounts
  if (deployer === undefined) throw new Error('no account to deploy from')
  const wallet = createWalletClient({ chain, transport: http(), account: deployer })
  const supply = TOKENS_EACH * BigInt(accounts.length)
  const hash = await wallet.deployContract({ ...contract, args: [supply], nonce: FIRST_NONCE })
  const receipt = await client.waitForTransactionReceipt({ hash, timeout: RECEIPT_TIMEOUT_MS })
  const token = receipt.contractAddress
  if (receipt.status !== 'success' || !token) throw new Error('the token was not deployed')
  // All at once: a block takes them together.
  const shares = await Promise.all(
    others.map(({ address }, place) =>
      wallet.writeContract({
        address: token,
        abi: contract.abi,
        functionName: 'transfer',
        args: [address, TOKENS_EACH],
        nonce: FIRST_NONCE + 1 + place
      })
    )
  )
  for (const share of shares) {
    await client.waitForTransactionReceipt({ hash: share, timeout: RECEIPT_TIMEOUT_MS })
  }
  const counter = { sentCount: 0, failedCount: 0 }
  return {
    token,
    counts: () => ({ ...counter }),
    async run(signal) {
      const everyMs = (1_000 * accounts.length) / perSecond
      const senders = accounts.map((account) =>
        send({ account, token, contract, chain, counter, everyMs, seed }, signal)
      )
      await Promise.all(senders)
    },
    async balances(url, blockNumber) {
      const reader = createPublicClient({ chain: devnetChain(chainId, url), transport: http(url) })
      const sums = await Promise.all(
        [...accounts.map(({ address }) => address), recipient(seed)].map((address) =>
          reader.readContract({
            address: token,
            abi: contract.abi,
            functionName: 'balanceOf',
            args: [address],
            blockNumber
          })
        )
      )
      return sums.map(String).join(' ')
    }
  }
}

/** Everyone transfers to the same account, so that its balance counts the transfers. */
function recipient(seed: number): Address {
  return `0x${(0xbac0000 + seed).toString(16).padStart(40, '0')}`
}

interface Sender {
  readonly account: PrivateKeyAccount
  readonly token: Address
  readonly contract: CompiledContract
  readonly chain: Chain
  readonly counter: { sentCount: number; failedCount: number }
  readonly everyMs: number
  readonly seed: number
}

/** One account's transfers, at its own pace; nonces are counted here and read again after a failure. */
async function send(
  { account, token, contract, chain, counter, everyMs, seed }: Sender,
  signal: AbortSignal
): Promise<void> {
  const transport = http(undefined, { retryCount: 0, timeout: REQUEST_TIMEOUT_MS })
  const client = createPublicClient({ chain, transport })
  const wallet = createWalletClient({ chain, transport, account })
  const to = recipient(seed)
  const data = encodeFunctionData({ abi: contract.abi, functionName: 'transfer', args: [to, 1n] })
  let nonce: number | undefined
  let dueMs = performance.now()
  while (!signal.aborted) {
    try {
      nonce ??= await client.getTransactionCount({ address: account.address, blockTag: 'pending' })
      const fees = { maxFeePerGas: FEE_CAP, maxPriorityFeePerGas: TIP, gas: TRANSFER_GAS }
      await wallet.sendTransaction({ ...fees, to: token, data, nonce })
      nonce += 1
      counter.sentCount += 1
      dueMs += everyMs
    } catch {
      // the sequencer is away, or refused: whatever it took is known by its pending nonce
      counter.failedCount += 1
      nonce = undefined
      dueMs = performance.now() + RETRY_MS
    }
    await pause(Math.max(0, dueMs - performance.now()), signal)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await systemClock.sleep(ms, signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown // told to end: its loop sees it
  }
}

function devnetChain(chainId: number, rpcUrl: string): Chain {
  return defineChain({
    id: chainId,
    name: 'Rekindle devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } }
  })
}
