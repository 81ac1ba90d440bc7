// Call objects and overrides: the parameters of eth_call and of all that runs a call (ethapi.TransactionArgs of geth).
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import {
  addressParam,
  bytesParam,
  hashParam,
  objectParam,
  quantityParam,
  uint64Param
} from './params.ts'
import { serverError } from './rpc-error.ts'

const accessListParam = z.array(
  z.object({ address: addressParam, storageKeys: z.array(hashParam) })
)

const authorizationParam = z.object({
  chainId: quantityParam,
  address: addressParam,
  nonce: uint64Param,
  yParity: uint64Param,
  r: quantityParam,
  s: quantityParam
})

/**
 * A transaction that nobody signed. Unknown fields, `type` among them, are ignored as geth does; null is as left out.
 * Of `data` and `input` the latter counts.
 */
export const callParam = objectParam({
  from: addressParam.optional(),
  to: addressParam.optional(),
  gas: uint64Param.optional(),
  gasPrice: quantityParam.optional(),
  maxFeePerGas: quantityParam.optional(),
  maxPriorityFeePerGas: quantityParam.optional(),
  value: quantityParam.optional(),
  nonce: uint64Param.optional(),
  chainId: quantityParam.optional(),
  data: bytesParam.optional(),
  input: bytesParam.optional(),
  accessList: accessListParam.optional(),
  authorizationList: z.array(authorizationParam).optional(),
  blobVersionedHashes: z.array(hashParam).optional(),
  maxFeePerBlobGas: quantityParam.optional()
})

const slotsParam = namedBy(hashParam, hashParam, 'a slot of 0x and 64 hex digits').transform(
  (slots) => Object.entries(slots) as readonly (readonly [Hex, Hex])[]
)

const accountOverrideParam = objectParam({
  nonce: uint64Param.optional(),
  code: bytesParam.optional(),
  balance: quantityParam.optional(),
  state: slotsParam.optional(),
  stateDiff: slotsParam.optional(),
  movePrecompileToAddress: addressParam.optional()
})

/** Accounts that are changed ahead of a call, by ascending address; null and nothing are none. */
export const stateOverrideParam = namedBy(addressParam, accountOverrideParam, 'an address')
  .nullish()
  .transform((accounts) =>
    Object.entries(accounts ?? {})
      .map(([address, changes]) => ({ ...changes, address: address as Hex }))
      .sort((a, b) => (a.address < b.address ? -1 : 1))
  )

/** What the block of a call is made to be; null and nothing change nothing. `difficulty` has no effect after the merge. */
export const blockOverrideParam = objectParam({
  number: quantityParam.optional(),
  time: uint64Param.optional(),
  gasLimit: uint64Param.optional(),
  feeRecipient: addressParam.optional(),
  prevRandao: hashParam.optional(),
  baseFeePerGas: quantityParam.optional(),
  blobBaseFee: quantityParam.optional(),
  beaconRoot: hashParam.optional(),
  withdrawals: z.unknown().optional()
})
  .optional()
  .transform(({ beaconRoot, withdrawals, ...overrides } = {}) => ({
    overrides,
    unsupported:
      beaconRoot !== undefined
        ? 'beaconRoot'
        : withdrawals !== undefined
          ? 'withdrawals'
          : undefined
  }))

/** The overrides of a block, or geth's error for those that no call can have. */
export function supportedBlockOverrides({
  overrides,
  unsupported
}: z.infer<typeof blockOverrideParam>) {
  if (unsupported === undefined) return overrides
  throw serverError(`block override "${unsupported}" is not supported for this RPC method`)
}

function namedBy<K extends typeof addressParam, V extends z.ZodType>(
  key: K,
  value: V,
  what: string
) {
  return z.record(key, value, {
    error: ({ code }) => (code === 'invalid_key' ? `the name must be ${what}` : undefined)
  })
}
