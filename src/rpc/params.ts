// Parameters of JSON-RPC methods: checked by shape, every problem named with its position.
import { z } from 'zod'
import { type Hex, hexQuantity, hexToBytes } from '../base/bytes.ts'
import { invalidParams } from './rpc-error.ts'

/** What one filter of eth_getLogs may name: places of a log, choices at each, addresses. */
const TOPICS_MAX = 4
const TOPIC_CHOICES_MAX = 64
const ADDRESSES_MAX = 256
/** Problems that an answer names: a list of nothing but bad items has one for each. */
const PROBLEMS_MAX = 8
/** Hex digits of 32 bytes. */
const SLOT_DIGITS = 64
/** Of a field's name in an answer: a hash with 0x. */
const NAME_MAX_CHARS = 66

const hex = (bytes: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^0[xX][0-9a-fA-F]{${String(2 * bytes)}}$`), `must be ${what}`)
    .transform((text) => text.toLowerCase() as Hex)

/** 20 bytes. */
export const addressParam = hex(20, 'an address: 0x and 40 hex digits')
/** 32 bytes. */
export const hashParam = hex(32, 'a hash: 0x and 64 hex digits')
/** Any bytes; an empty string is none, as hexutil.Bytes of geth takes it. */
export const bytesParam = z
  .string()
  .regex(/^(?:0[xX](?:[0-9a-fA-F]{2})*)?$/, 'must be bytes: 0x and an even number of hex digits')
  .transform((text) => (text === '' ? '0x' : text.toLowerCase()) as Hex)
/** A non-negative integer of at most 256 bits, as hexutil.Big of geth takes it: no leading zeros; an empty string is zero. */
export const quantityParam = z
  .string()
  .regex(
    /^(?:0[xX](?:0|[1-9a-fA-F][0-9a-fA-F]{0,63}))?$/,
    'must be a quantity: 0x and hex digits without leading zeros'
  )
  .transform((text) => BigInt(text))
/** One of at most 64 bits, as hexutil.Uint64. */
export const uint64Param = quantityParam.refine((number) => number < 1n << 64n, {
  message: 'is above 2^64 - 1'
})
/** A slot of a contract that is asked for. */
export interface SlotKey {
  readonly bytes: Uint8Array
  /** As eth_getProof repeats it: a key of 32 bytes in full, a shorter one as a quantity. */
  readonly shown: Hex
}

/** As geth's ethapi.decodeStorageKey takes it: hex of at most 32 bytes, with or without 0x, of any length. */
export const storageKeyParam = z
  .string()
  .regex(/^(?:0[xX])?[0-9a-fA-F]{0,64}$/, 'must be a storage key: hex digits of at most 32 bytes')
  .transform((text): SlotKey => {
    const digits = text.replace(/^0[xX]/, '').toLowerCase()
    const full: Hex = `0x${digits.padStart(SLOT_DIGITS, '0')}`
    const isFull = digits.length >= SLOT_DIGITS - 1
    return { bytes: hexToBytes(full), shown: isFull ? full : hexQuantity(BigInt(full)) }
  })

/** An object whose fields may be null where they may be left out; null itself stands for an empty one, as in Go. */
export function objectParam<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.preprocess(withoutNulls, z.object(shape))
}

function withoutNulls(value: unknown): unknown {
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

/** A block by height, tag or hash (EIP-1898). */
export type BlockParam =
  | { readonly kind: 'number'; readonly number: bigint }
  | { readonly kind: 'tag'; readonly tag: 'latest' | 'pending' | 'earliest' | 'safe' | 'finalized' }
  | { readonly kind: 'hash'; readonly hash: Hex }

/** As rpc.BlockNumber of geth: an int64, never an empty string. */
const heightParam = z
  .string()
  .min(1)
  .pipe(quantityParam)
  .refine((number) => number < 1n << 63n, 'is above 2^63 - 1')
const tagParam = z.enum(['latest', 'pending', 'earliest', 'safe', 'finalized'])

/** A block by tag, number or hash (EIP-1898). */
export const blockParam = z.union(
  [
    tagParam.transform((tag): BlockParam => ({ kind: 'tag', tag })),
    hashParam.transform((hash): BlockParam => ({ kind: 'hash', hash })),
    heightParam.transform((number): BlockParam => ({ kind: 'number', number })),
    z
      .object({ blockHash: hashParam, blockNumber: z.null().optional() })
      .transform(({ blockHash: hash }): BlockParam => ({ kind: 'hash', hash })),
    z
      .object({ blockNumber: heightParam, blockHash: z.null().optional() })
      .transform(({ blockNumber: number }): BlockParam => ({ kind: 'number', number })),
    z
      .object({ blockNumber: tagParam, blockHash: z.null().optional() })
      .transform(({ blockNumber: tag }): BlockParam => ({ kind: 'tag', tag }))
  ],
  {
    error:
      'must be a block number (0x and hex digits without leading zeros), a block hash, a tag (latest, pending, earliest) or {blockHash}'
  }
)

/** `latest` where a client leaves the block out. */
export const LATEST: BlockParam = { kind: 'tag', tag: 'latest' }

/** A block where a client may leave it out, or send null for it. */
export const optionalBlockParam = blockParam.nullish().transform((block) => block ?? LATEST)

/** Null among the choices at a place matches everything there, as geth has it. */
const choicesParam = z
  .array(hashParam.nullable())
  .max(TOPIC_CHOICES_MAX)
  .transform((choices) => {
    const hashes = choices.filter((choice) => choice !== null)
    return hashes.length === choices.length ? hashes : null
  })
const topicParam = z.union([hashParam, z.null(), choicesParam], {
  error: `must be a topic of 0x and 64 hex digits, null, or a list of at most ${TOPIC_CHOICES_MAX}`
})
const addressesParam = z.union(
  [addressParam.transform((one) => [one]), z.array(addressParam).max(ADDRESSES_MAX)],
  { error: `must be an address or a list of at most ${ADDRESSES_MAX}` }
)

/** eth_getLogs' filter. */
export const logFilterParam = objectParam({
  fromBlock: blockParam.optional(),
  toBlock: blockParam.optional(),
  blockHash: hashParam.optional(),
  address: addressesParam.optional(),
  topics: z.array(topicParam).max(TOPICS_MAX).optional()
}).refine(
  ({ blockHash, fromBlock, toBlock }) =>
    blockHash === undefined || (fromBlock === undefined && toBlock === undefined),
  { message: 'blockHash excludes fromBlock and toBlock' }
)
/** The filter of eth_getLogs, checked. */
export type LogFilterParam = z.infer<typeof logFilterParam>

/** Parses a method's parameters; throws invalid params that names each problem. */
export function parseParams<T extends readonly z.ZodType[]>(
  params: readonly unknown[],
  shape: readonly [...T]
): { -readonly [K in keyof T]: z.output<T[K]> } {
  if (params.length > shape.length) {
    throw invalidParams(`${String(params.length)} given, at most ${String(shape.length)} taken`)
  }
  const problems: string[] = []
  const values = shape.map((schema, index) => {
    const parsed = schema.safeParse(params[index])
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues) {
      const names = path.map((part) => String(part).slice(0, NAME_MAX_CHARS))
      const place = [`argument ${String(index)}`, ...names].join('.')
      problems.push(`${place}: ${params[index] === undefined ? 'is missing' : message}`)
    }
    return undefined
  })
  if (problems.length > PROBLEMS_MAX) {
    const left = problems.length - PROBLEMS_MAX
    problems.splice(PROBLEMS_MAX, left, `and ${String(left)} problems more`)
  }
  if (problems.length > 0) throw invalidParams(problems.join('; '))
  return values as { -readonly [K in keyof T]: z.output<T[K]> }
}
