// The shape of geth's genesis.json, as far as the project reads it; what it does not read may stand there.
import { z } from 'zod'
import { addressField, bytesField, integerBetween, nonceField, quantity } from './genesis-fields.ts'
import { BLOCK_TIME_MAX_MS, BLOCK_TIME_MIN_MS } from '../blocks/block-times.ts'
import { decodeHoloceneExtraData } from '../blocks/holocene-extra.ts'
import { GAS_LIMIT_MIN } from '../blocks/link.ts'
import { SIGNER_PERIODS_MAX } from '../blocks/signer-schedule.ts'

const forkTime = quantity(63).nullish()

/** Says so where there is something else, or nothing. */
const OBJECT = { error: 'is missing, or is not an object' }

const signer = z.strictObject({ fromBlock: quantity(63), address: addressField }, OBJECT)

const rekindle = z.strictObject(
  {
    blockTimeMs: integerBetween(BLOCK_TIME_MIN_MS, BLOCK_TIME_MAX_MS),
    signers: z.array(signer, { error: 'is missing, or is not a list' }).max(SIGNER_PERIODS_MAX)
  },
  OBJECT
)

/** `config`, apart from the forks. */
export const configSchema = z.looseObject(
  { chainId: quantity(53).refine((chainId) => chainId !== 0n, 'is 0'), rekindle },
  OBJECT
)

/** The forks in `config`. Times are seconds since the Unix epoch; null is "not scheduled", as in geth. */
export const forksSchema = z.looseObject(
  {
    regolithTime: forkTime,
    canyonTime: forkTime,
    ecotoneTime: forkTime,
    fjordTime: forkTime,
    graniteTime: forkTime,
    holoceneTime: forkTime,
    isthmusTime: forkTime,
    shanghaiTime: forkTime,
    cancunTime: forkTime,
    pragueTime: forkTime
  },
  OBJECT
)

/** One account of `alloc`. */
export const accountSchema = z.strictObject(
  {
    balance: quantity(256),
    nonce: quantity(64).nullish(),
    code: bytesField().nullish(),
    storage: z.record(z.string(), bytesField(32), OBJECT).nullish(),
    /** geth's tools write the key of a test account here; the chain has no use for it. */
    secretKey: z.unknown().optional()
  },
  OBJECT
)

/** `alloc`: address to account; the addresses are checked apart. */
export const allocSchema = z.record(z.string(), accountSchema, OBJECT)

/** When the chain begins, in seconds since the Unix epoch. */
export const timeSchema = z.looseObject({ timestamp: quantity(53) })

/** The other fields of the genesis header that a file may choose. */
export const headerSchema = z.looseObject({
  gasLimit: quantity(63).refine(
    (gasLimit) => gasLimit >= GAS_LIMIT_MIN,
    `is below ${GAS_LIMIT_MIN}`
  ),
  extraData: bytesField().refine(
    (extraData) => decodeHoloceneExtraData(extraData) !== undefined,
    'is not 00, a u32 denominator and a u32 elasticity, both above 0 (9 bytes)'
  ),
  baseFeePerGas: quantity(256).nullish(),
  coinbase: bytesField(20).nullish(),
  mixHash: bytesField(32).nullish(),
  nonce: nonceField.nullish()
})

/** The fields that every genesis of this kind has the same. geth's own dumps name them. */
export const fixedSchema = z.looseObject({
  number: quantity(64).nullish(),
  gasUsed: quantity(64).nullish(),
  difficulty: quantity(256).nullish(),
  blobGasUsed: quantity(64).nullish(),
  excessBlobGas: quantity(64).nullish(),
  parentHash: bytesField(32).nullish()
})
