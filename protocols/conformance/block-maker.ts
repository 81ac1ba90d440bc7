// Blocks of the suite's own: sound by every rule that needs no state, and broken in one place on demand.
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import {
  encodeSignedPart,
  type ExecutionPayload,
  joinSignature,
  SIGNATURE_BYTES,
  signedPart,
  signingHash,
  type TopicVersion,
  type UnsignedBlockMessage
} from '../block-message/codec.ts'

const EMPTY_ROOT = fromHex('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
const EMPTY_OMMERS = fromHex('1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347')
const EMPTY_REQUESTS = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
const EXTRA_DATA = fromHex('00000000fa00000006')

/** keccak-256. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes)
}

/** Bytes of hex digits, with or without 0x. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'))
}

/** Hex digits with 0x. */
export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}

/** What distinguishes a block; all else is empty or zero. */
export interface BlockPlan {
  readonly number: bigint
  readonly timestamp: bigint
  readonly version?: TopicVersion
  readonly parentHash?: Uint8Array
  readonly payload?: Partial<ExecutionPayload>
  /** The claimed hash; by default the right one. */
  readonly blockHash?: Uint8Array
}

/** An unsigned block with its hash. */
export async function planBlock(plan: BlockPlan): Promise<UnsignedBlockMessage> {
  const { number, timestamp, version = 3, parentHash = keccak256(Uint8Array.of(7)) } = plan
  const payload: ExecutionPayload = {
    parentHash,
    feeRecipient: new Uint8Array(20),
    stateRoot: keccak256(Buffer.from(number.toString())),
    receiptsRoot: EMPTY_ROOT,
    logsBloom: new Uint8Array(256),
    prevRandao: new Uint8Array(32),
    blockNumber: number,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp,
    extraData: EXTRA_DATA,
    baseFeePerGas: 1_000_000_000n,
    blockHash: new Uint8Array(32),
    transactions: [],
    ...(version >= 1 && { withdrawals: [] }),
    ...(version >= 2 && { blobGasUsed: 0n, excessBlobGas: 0n }),
    ...(version >= 3 && { withdrawalsRoot: EMPTY_ROOT }),
    ...plan.payload
  }
  const root = version >= 2 ? { parentBeaconBlockRoot: new Uint8Array(32) } : {}
  const unsigned = { version, ...root, payload }
  const blockHash = plan.blockHash ?? (await blockHashOf(unsigned))
  return { ...unsigned, payload: { ...payload, blockHash } }
}

/** The hash of the header that a message describes (BM-12). */
export async function blockHashOf(message: UnsignedBlockMessage): Promise<Uint8Array> {
  const { version, payload, parentBeaconBlockRoot } = message
  const fields = [
    payload.parentHash,
    EMPTY_OMMERS,
    payload.feeRecipient,
    payload.stateRoot,
    await orderedRoot(payload.transactions),
    payload.receiptsRoot,
    payload.logsBloom,
    0n,
    payload.blockNumber,
    payload.gasLimit,
    payload.gasUsed,
    payload.timestamp,
    payload.extraData,
    payload.prevRandao,
    new Uint8Array(8),
    payload.baseFeePerGas
  ]
  if (version >= 1)
    fields.push(version === 3 ? (payload.withdrawalsRoot ?? EMPTY_ROOT) : EMPTY_ROOT)
  if (version >= 2) fields.push(payload.blobGasUsed ?? 0n, payload.excessBlobGas ?? 0n)
  if (version >= 2) fields.push(parentBeaconBlockRoot ?? new Uint8Array(32))
  if (version === 3) fields.push(EMPTY_REQUESTS)
  return keccak256(RLP.encode(fields))
}

/** The root of the trie of rlp(index) to item: of transactions, and of receipts. */
export async function orderedRoot(items: readonly Uint8Array[]): Promise<Uint8Array> {
  if (items.length === 0) return EMPTY_ROOT
  const trie = await createMPT()
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item)
  return trie.root()
}

/** How to sign; `isVaried` gives another signature of the same bytes each time. */
export interface SigningOptions {
  readonly key: Uint8Array
  readonly chainId: bigint
  readonly isVaried?: boolean
}

/** The whole message of bytes that are signed as they are. */
export function signBytes(signed: Uint8Array, options: SigningOptions): Uint8Array {
  const digest = signingHash(keccak256, options.chainId, signed)
  const recovered = secp256k1.sign(digest, options.key, {
    prehash: false,
    format: 'recovered',
    ...(options.isVaried === true && { extraEntropy: true })
  })
  const signature = Uint8Array.of(...recovered.subarray(1), recovered[0]!)
  return joinSignature(signature, signed)
}

/** A signed block. */
export async function makeBlock(plan: BlockPlan, options: SigningOptions): Promise<Uint8Array> {
  return signBytes(encodeSignedPart(await planBlock(plan)), options)
}

/** The address whose key signed; undefined where none can be recovered (BM-10, BM-11). */
export function signerOf(chainId: bigint, message: Uint8Array): string | undefined {
  try {
    const digest = signingHash(keccak256, chainId, signedPart(message))
    const signature = Uint8Array.of(message[SIGNATURE_BYTES - 1]!, ...message.subarray(0, 64))
    const key = secp256k1.recoverPublicKey(signature, digest, { prehash: false })
    return publicKeyToAddress(key)
  } catch {
    return undefined
  }
}

/** The address of a public key, compressed or not. */
export function publicKeyToAddress(key: Uint8Array): string {
  const uncompressed = secp256k1.Point.fromBytes(key).toBytes(false)
  return toHex(keccak256(uncompressed.subarray(1)).subarray(12))
}

/** The address of a private key. */
export function keyToAddress(key: Uint8Array): string {
  return publicKeyToAddress(secp256k1.getPublicKey(key))
}
