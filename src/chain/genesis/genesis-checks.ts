// What must hold between the fields of a genesis file that are each what they have to be.
import { type z } from 'zod'
import { DIGEST_FORKS, type ForkTimes } from '../../../protocols/status/fork-digest.ts'
import { type GenesisProblem } from '../blocks/chain-error.ts'
import { decodeHoloceneExtraData } from '../blocks/holocene-extra.ts'
import { type Fork } from '../blocks/forks.ts'
import {
  type configSchema,
  type fixedSchema,
  type forksSchema,
  type headerSchema
} from './genesis-schema.ts'
import { signerPeriodsProblem } from '../blocks/signer-schedule.ts'

/** Parts of a genesis file, each field on its own in order. */
export type GenesisConfig = z.infer<typeof configSchema>
/** Fork times as the file names them. */
export type GenesisForks = z.infer<typeof forksSchema>
/** Header fields as the file names them. */
export type GenesisHeader = z.infer<typeof headerSchema>

/** Ethereum's forks that come with one of the OP Stack's. */
const PAIRED_FORKS = [
  ['shanghaiTime', 'canyon'],
  ['cancunTime', 'ecotone'],
  ['pragueTime', 'isthmus']
] as const satisfies readonly (readonly [string, Fork])[]

/** Forks without rules of their own for blocks here: Delta is the batcher's, the other one L1's. */
const IDLE_TIMES = ['deltaTime', 'pectraBlobScheduleTime']

const KNOWN_TIMES = new Set<string>([
  ...DIGEST_FORKS.map((fork) => `${fork}Time`),
  ...PAIRED_FORKS.map(([key]) => key),
  ...IDLE_TIMES
])

const ZERO_FIELDS = ['number', 'gasUsed', 'difficulty', 'blobGasUsed', 'excessBlobGas'] as const

/** The fork times that the digest is made of. */
export function forkTimesOf(config: GenesisForks): ForkTimes {
  return Object.fromEntries(DIGEST_FORKS.map((fork) => [fork, config[`${fork}Time`] ?? undefined]))
}

/** Problems of the signers. */
export function checkConfig({ rekindle }: GenesisConfig): readonly GenesisProblem[] {
  const problem = signerPeriodsProblem(rekindle.signers)
  return problem === undefined ? [] : [{ key: 'config.rekindle.signers', problem }]
}

/** Problems between the forks in `config`. */
export function checkForks(config: GenesisForks): readonly GenesisProblem[] {
  return [
    ...Object.entries(config)
      .filter(([key, time]) => isUnknownFork(key, time))
      .map(([key]) => ({
        key: `config.${key}`,
        problem: 'names a fork whose rules are not known'
      })),
    ...PAIRED_FORKS.filter(([key, fork]) => isOther(config[key], config[`${fork}Time`])).map(
      ([key, fork]) => ({ key: `config.${key}`, problem: `is not config.${fork}Time` })
    ),
    ...checkForkOrder(forkTimesOf(config))
  ]
}

/** Problems of the forks at the first block: the embedded engine runs the rules of Isthmus and no others. */
export function checkForksAtGenesis(
  forks: ForkTimes,
  { timestamp }: { readonly timestamp: bigint }
): readonly GenesisProblem[] {
  const time = forks.isthmus
  if (time !== undefined && time <= timestamp) return []
  const problem =
    time === undefined
      ? 'is missing: the chain is before Isthmus, and the embedded engine runs chains from Isthmus on'
      : `is after the genesis timestamp ${timestamp}: the chain starts before Isthmus, and the embedded ` +
        'engine runs chains from Isthmus on'
  return [{ key: 'config.isthmusTime', problem }]
}

/** Problems between the header's fields. */
export function checkHeader({ gasLimit, extraData }: GenesisHeader): readonly GenesisProblem[] {
  const { elasticity = 0 } = decodeHoloceneExtraData(extraData) ?? {}
  if (gasLimit >= BigInt(elasticity)) return []
  return [{ key: 'gasLimit', problem: 'is below the elasticity in extraData' }]
}

/** Problems of fields that have only one right value. */
export function checkFixedFields(fields: z.infer<typeof fixedSchema>): readonly GenesisProblem[] {
  const isParentSet = fields.parentHash?.some((byte) => byte !== 0) === true
  return [
    ...ZERO_FIELDS.filter((key) => (fields[key] ?? 0n) !== 0n).map((key) => ({
      key,
      problem: 'is not 0'
    })),
    ...(isParentSet ? [{ key: 'parentHash', problem: 'is not zero' }] : []),
    ...('stateHash' in fields
      ? [{ key: 'stateHash', problem: 'is not supported: alloc has to list the accounts' }]
      : [])
  ]
}

function checkForkOrder(forks: ForkTimes): readonly GenesisProblem[] {
  const problems: GenesisProblem[] = []
  for (const [index, fork] of DIGEST_FORKS.entries()) {
    const before = DIGEST_FORKS[index - 1]
    const time = forks[fork]
    if (before === undefined || time === undefined) continue
    const timeBefore = forks[before]
    if (timeBefore !== undefined && timeBefore <= time) continue
    const problem = timeBefore === undefined ? 'is set, but not' : 'is before'
    problems.push({ key: `config.${fork}Time`, problem: `${problem} config.${before}Time` })
  }
  return problems
}

function isUnknownFork(key: string, time: unknown): boolean {
  return key.endsWith('Time') && !KNOWN_TIMES.has(key) && time !== null && time !== undefined
}

/** True when the time is given and not that of its pair. */
function isOther(time: bigint | null | undefined, pair: bigint | null | undefined): boolean {
  return time !== null && time !== undefined && time !== pair
}
