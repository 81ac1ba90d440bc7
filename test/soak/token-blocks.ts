// Blocks full of ERC-20 transfers to accounts that never had any, built offline by the node's own engine.
import { RLP } from '@ethereumjs/rlp'
import { encodeDeployData, encodeFunctionData, getContractAddress, parseEther } from 'viem'
import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes
} from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { privateKeyToAddress, signDigest } from '../../src/base/secp256k1.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { type Receipt } from '../../src/chain/blocks/receipt.ts'
import { type ChainParts } from '../../src/node/chain-parts.ts'
import { nextAttributes } from '../../src/sequencer/payload-attributes.ts'
import { readToken } from '../../devnet/load/token-contract.ts'

/** What is built. */
export interface TokenBlocks {
  readonly blocksCount: number
  readonly transfersPerBlock: number
  readonly chainId: bigint
  /** Keys of funded accounts; the first deploys. */
  readonly keys: readonly Uint8Array[]
}

const TYPE = Uint8Array.of(2)
const TIP_WEI = 10n ** 9n
const PRICE_MAX_WEI = 100n * 10n ** 9n
const DEPLOY_GAS = 3_000_000n
const TRANSFER_GAS = 80_000n
const TOKENS_EACH = parseEther('1000000')

interface Sender {
  readonly key: Uint8Array
  readonly address: Hex
  nonce: bigint
}

/** Deploys the token, gives every sender a share, then fills the blocks. Applies them all; resolves with all of them. */
export async function buildTokenBlocks(
  chain: ChainParts,
  { blocksCount, transfersPerBlock, chainId, keys }: TokenBlocks
): Promise<readonly Block[]> {
  const contract = readToken()
  const senders = keys.map((key): Sender => ({ key, address: privateKeyToAddress(key), nonce: 0n }))
  const [deployer] = senders
  if (deployer === undefined) throw new Error('nobody sends')
  const token = getContractAddress({ from: deployer.address, nonce: 0n }).toLowerCase() as Hex
  const call = (sender: Sender, to: Hex | undefined, data: Hex) =>
    signCall({ chainId, nonce: sender.nonce++, to, data: hexToBytes(data) }, sender.key)
  const transfer = (sender: Sender, to: Hex, amount: bigint) => {
    const args = [to, amount]
    const data = encodeFunctionData({ abi: contract.abi, functionName: 'transfer', args })
    return call(sender, token, data)
  }
  const supply = TOKENS_EACH * BigInt(senders.length)
  const deployment = call(deployer, undefined, encodeDeployData({ ...contract, args: [supply] }))
  const shares = senders.slice(1).map(({ address }) => transfer(deployer, address, TOKENS_EACH))
  const blocks = [await buildNext(chain, [deployment, ...shares])]
  for (let number = 0; number < blocksCount; number++) {
    const transfers = Array.from({ length: transfersPerBlock }, (_, index) =>
      transfer(senders[index % senders.length]!, freshAddress(number, index), 1n)
    )
    blocks.push(await buildNext(chain, transfers))
  }
  return blocks
}

/** Throws when one of the transactions did not do what it was for. */
async function buildNext(
  { engine, applier, times, stores }: ChainParts,
  transactions: readonly Uint8Array[]
): Promise<Block> {
  const parent = applier.head()
  const feeRecipient: Hex = `0x${'fe'.repeat(20)}`
  const { attributes } = nextAttributes(parent, 0, { times, feeRecipient, gasLimit: undefined })
  const forced = { ...attributes, transactions, noTxPool: true }
  const started = await engine.forkchoiceUpdated(parent.hash, forced)
  if (started.kind !== 'valid' || started.payloadId === undefined) {
    throw new Error(`cannot build on block ${String(parent.number)}: ${started.kind}`)
  }
  const { block } = await engine.getPayload(started.payloadId)
  await applier.apply(block)
  const receipts = stores.blocks.receipts(block.hash) ?? []
  const areAllGood = receipts.length === transactions.length && receipts.every(isGood)
  if (!areAllGood)
    throw new Error(`block ${String(block.number)} does not hold what it was built of`)
  return block
}

function isGood({ status, logs }: Receipt): boolean {
  return status === 1 && logs.length > 0
}

function freshAddress(block: number, index: number): Hex {
  const text = new TextEncoder().encode(`fresh ${String(block)}/${String(index)}`)
  return bytesToHex(keccak256(text).slice(12))
}

/** A transaction of type 2 (EIP-1559). */
function signCall(
  {
    chainId,
    nonce,
    to,
    data
  }: {
    readonly chainId: bigint
    readonly nonce: bigint
    readonly to: Hex | undefined
    readonly data: Uint8Array
  },
  key: Uint8Array
): Uint8Array {
  const gasLimit = to === undefined ? DEPLOY_GAS : TRANSFER_GAS
  const numbers = [chainId, nonce, TIP_WEI, PRICE_MAX_WEI, gasLimit].map((number) =>
    bigintToBytes(number)
  )
  const target = to === undefined ? new Uint8Array() : hexToBytes(to)
  const fields = [...numbers, target, new Uint8Array(), data, []]
  const { compact, recovery } = signDigest(keccak256(concatBytes(TYPE, RLP.encode(fields))), key)
  const signature = [
    bigintToBytes(BigInt(recovery)),
    bigintToBytes(BigInt(bytesToHex(compact.slice(0, 32)))),
    bigintToBytes(BigInt(bytesToHex(compact.slice(32))))
  ]
  return concatBytes(TYPE, RLP.encode([...fields, ...signature]))
}
