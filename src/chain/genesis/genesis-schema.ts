// The shape of geth's genesis.json, as far as the project reads it; what it does not read may stand there.
import { z } from 'zod'
import {
  addressField,
  bytesField,
  integerBetween,
  nonceField,
  quantity,
  wordField
} from './genesis-fields.ts'
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
    blockTimeMs: integerBetween(BLOCK_TIME_MIN_MS, BLOCK_TIME_MAX_MS).optional(),
    signers: z.array(signer, { error: 'is not a list' }).max(SIGNER_PERIODS_MAX).optional()
  },
  { error: 'is not an object' }
)

/** What the OP Stack's blocks had before Holocene put it into their extraData. */
const optimism = z.looseObject({
  eip1559Elasticity: quantity(32).nullish(),
  eip1559Denominator: quantity(32).nullish(),
  eip1559DenominatorCanyon: quantity(32).nullish()
})

/** `config`, apart from the forks. */
export const configSchema = z.looseObject(
  {
    chainId: quantity(53).refine((chainId) => chainId !== 0n, 'is 0'),
    optimism: optimism.nullish(),
    rekindle: rekindle.nullish()
  },
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
export const accountSchema = z.looseObject(
  {
    balance: quantity(256),
    nonce: quantity(64).nullish(),
    code: bytesField().nullish(),
    storage: z.record(z.string(), wordField, OBJECT).nullish()
  },
  OBJECT
)

/** `alloc`: address to account; the addresses are checked apart. */
export const allocSchema = z.record(z.string(), accountSchema, OBJECT)

/** The year 5138 in seconds, March 1973 in milliseconds. */
const TIMESTAMP_END = 100_000_000_000n

/** When the chain begins, in seconds since the Unix epoch; left out, it is 0, as in geth. */
export const timeSchema = z.looseObject({
  timestamp: quantity(53)
    .refine(
      (timestamp) => timestamp < TIMESTAMP_END,
      'is after the year 5000: it counts seconds, and these look like milliseconds'
    )
    .optional()
})

/** The other fields of the genesis header that a file may choose. */
export const headerSchema = z.looseObject({
  gasLimit: quantity(63).refine(
    (gasLimit) => gasLimit >= GAS_LIMIT_MIN,
    `is below ${GAS_LIMIT_MIN}`
  ),
  extraData: bytesField()
    .refine(
      (extraData) => extraData.length === 0 || decodeHoloceneExtraData(extraData) !== undefined,
      'is neither empty nor 00, a u32 denominator and a u32 elasticity, both above 0 (9 bytes)'
    )
    .nullish(),
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
