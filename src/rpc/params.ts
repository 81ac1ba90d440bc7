// Parameters of JSON-RPC methods: checked by shape, every problem named with its position.
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import { invalidParams } from './rpc-error.ts'

/** What one filter of eth_getLogs may name: places of a log, choices at each, addresses. */
const TOPICS_MAX = 4
const TOPIC_CHOICES_MAX = 64
const ADDRESSES_MAX = 256
/** Problems that an answer names: a list of nothing but bad items has one for each. */
const PROBLEMS_MAX = 8

const hex = (bytes: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${String(2 * bytes)}}$`), `must be ${what}`)
    .transform((text) => text.toLowerCase() as Hex)

/** 20 bytes. */
export const addressParam = hex(20, 'an address: 0x and 40 hex digits')
/** 32 bytes. */
export const hashParam = hex(32, 'a hash: 0x and 64 hex digits')
/** Any bytes. */
export const bytesParam = z
  .string()
  .regex(/^0x(?:[0-9a-fA-F]{2})*$/, 'must be bytes: 0x and an even number of hex digits')
  .transform((text) => text.toLowerCase() as Hex)
/** A non-negative integer of at most 256 bits; leading zeros are tolerated, as geth's clients send them. */
export const quantityParam = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, 'must be a quantity: 0x and hex digits')
  .transform((text) => BigInt(text))

/** A block by height, tag or hash (EIP-1898). */
export type BlockParam =
  | { readonly kind: 'number'; readonly number: bigint }
  | { readonly kind: 'tag'; readonly tag: 'latest' | 'pending' | 'earliest' | 'safe' | 'finalized' }
  | { readonly kind: 'hash'; readonly hash: Hex }

/** Heights are u64: no height is a hash that lost its quotes, nor the other way round. */
const heightParam = quantityParam.refine((number) => number < 1n << 64n, 'is above 2^64 - 1')
const tagParam = z.enum(['latest', 'pending', 'earliest', 'safe', 'finalized'])

/** A block by tag, number or hash (EIP-1898). */
export const blockParam = z.union(
  [
    tagParam.transform((tag): BlockParam => ({ kind: 'tag', tag })),
    hashParam.transform((hash): BlockParam => ({ kind: 'hash', hash })),
    heightParam.transform((number): BlockParam => ({ kind: 'number', number })),
    z.object({ blockHash: hashParam }).transform(({ blockHash: hash }): BlockParam => {
      return { kind: 'hash', hash }
    }),
    z.object({ blockNumber: heightParam }).transform(({ blockNumber }): BlockParam => {
      return { kind: 'number', number: blockNumber }
    })
  ],
  {
    error: 'must be a block number, a block hash, a tag (latest, pending, earliest) or {blockHash}'
  }
)

/** `latest` where a client leaves the block out. */
export const LATEST: BlockParam = { kind: 'tag', tag: 'latest' }

/** eth_call's and eth_estimateGas' transaction object; unknown fields are ignored, as geth does. */
export const callParam = z
  .object({
    from: addressParam.optional(),
    to: addressParam.nullish(),
    gas: quantityParam.optional(),
    gasPrice: quantityParam.optional(),
    maxFeePerGas: quantityParam.optional(),
    maxPriorityFeePerGas: quantityParam.optional(),
    value: quantityParam.optional(),
    data: bytesParam.optional(),
    input: bytesParam.optional()
  })
  .refine(({ data, input }) => data === undefined || input === undefined || data === input, {
    message: 'data and input differ; give one'
  })
/** The fields of a call, checked. */
export type CallParam = z.infer<typeof callParam>

const topicParam = z.union([hashParam, z.null(), z.array(hashParam).max(TOPIC_CHOICES_MAX)], {
  error: `must be a topic of 0x and 64 hex digits, null, or a list of at most ${TOPIC_CHOICES_MAX}`
})
const addressesParam = z.union(
  [addressParam.transform((one) => [one]), z.array(addressParam).max(ADDRESSES_MAX)],
  { error: `must be an address or a list of at most ${ADDRESSES_MAX}` }
)

/** eth_getLogs' filter. */
export const logFilterParam = z
  .object({
    fromBlock: blockParam.optional(),
    toBlock: blockParam.optional(),
    blockHash: hashParam.optional(),
    address: addressesParam.optional(),
    topics: z.array(topicParam).max(TOPICS_MAX).optional()
  })
  .refine(
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
      const place = [`argument ${String(index)}`, ...path.map(String)].join('.')
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
