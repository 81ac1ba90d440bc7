// Checks across the fields of a genesis file, each of which is well-formed by itself.
import { type z } from 'zod'
import { DIGEST_FORKS, type ForkTimes } from '../../../protocols/status/fork-digest.ts'
import { type GenesisProblem } from '../blocks/chain-error.ts'
import { bytesToHex } from '../../base/bytes.ts'
import {
  DEFAULT_EIP1559_PARAMETERS,
  encodeHoloceneExtraData,
  extraDataForChild,
  parametersForChild
} from '../blocks/holocene-extra.ts'
import { type Fork } from '../blocks/forks.ts'
import {
  type configSchema,
  type fixedSchema,
  type forksSchema,
  type headerSchema
} from './genesis-schema.ts'
import { type SignerPeriod, signerPeriodsProblem } from '../blocks/signer-schedule.ts'

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

/** What geth's file has no key for, and an operator says beside it. The file's own word goes first. */
export interface GenesisGiven {
  readonly blockTimeMs?: number | undefined
  readonly signers?: readonly SignerPeriod[] | undefined
}

/** Both known. */
interface GenesisRekindle {
  readonly blockTimeMs: number
  readonly signers: readonly SignerPeriod[]
}

/**
 * The forks that a file of geth means. One that names none of the OP Stack's is a chain of Ethereum's forks: each
 * of ours came with one of those, and the ones between them are there with the next.
 */
export function withImpliedForks(config: GenesisForks): GenesisForks {
  const isOfOptimism = DIGEST_FORKS.some((fork) => (config[`${fork}Time`] ?? null) !== null)
  const { shanghaiTime, cancunTime, pragueTime } = config
  if (isOfOptimism || (pragueTime ?? null) === null) return config
  return {
    ...config,
    ...{ regolithTime: shanghaiTime, canyonTime: shanghaiTime, ecotoneTime: cancunTime },
    ...{ fjordTime: pragueTime, graniteTime: pragueTime, holoceneTime: pragueTime },
    isthmusTime: pragueTime
  }
}

/** The fork times that the digest is made of. */
export function forkTimesOf(config: GenesisForks): ForkTimes {
  return Object.fromEntries(DIGEST_FORKS.map((fork) => [fork, config[`${fork}Time`] ?? undefined]))
}

/** Block time and signers, or what is wrong with them. */
export function readRekindle(
  { rekindle }: GenesisConfig,
  given: GenesisGiven
): {
  readonly rekindle: GenesisRekindle | undefined
  readonly problems: readonly GenesisProblem[]
} {
  const blockTimeMs = rekindle?.blockTimeMs ?? given.blockTimeMs
  const signers = rekindle?.signers ?? given.signers
  const problems: GenesisProblem[] = []
  const report = (key: string, problem: string) =>
    void problems.push({ key: `config.rekindle.${key}`, problem })
  if (blockTimeMs === undefined) {
    report('blockTimeMs', 'is missing: name the time from block to block with --block-time MS')
  }
  if (signers === undefined) {
    report('signers', 'is missing: name the address that signs blocks with --signer ADDRESS')
  }
  const problem = rekindle?.signers && signerPeriodsProblem(rekindle.signers)
  if (problem !== undefined) report('signers', problem)
  const isWhole = blockTimeMs !== undefined && signers !== undefined
  return { rekindle: isWhole ? { blockTimeMs, signers } : undefined, problems }
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
  const { elasticity = 0 } = parametersForChild(extraData ?? new Uint8Array(0)) ?? {}
  if (gasLimit >= BigInt(elasticity)) return []
  return [{ key: 'gasLimit', problem: 'is below the elasticity in extraData' }]
}

/**
 * Problems of an extraData that is empty, where `config.optimism` names other parameters than the ones that then
 * hold. op-geth cannot build on such a genesis at all (consensus/misc/eip1559, CalcBaseFee).
 */
export function checkEmptyExtraData(
  { extraData }: GenesisHeader,
  { optimism }: GenesisConfig
): readonly GenesisProblem[] {
  if (extraData && extraData.length > 0) return []
  const given = {
    denominator: Number(
      optimism?.eip1559DenominatorCanyon ??
        optimism?.eip1559Denominator ??
        DEFAULT_EIP1559_PARAMETERS.denominator
    ),
    elasticity: Number(optimism?.eip1559Elasticity ?? DEFAULT_EIP1559_PARAMETERS.elasticity)
  }
  if (given.denominator === 0 || given.elasticity === 0) {
    return [{ key: 'config.optimism', problem: 'has a denominator or an elasticity of 0' }]
  }
  const wanted = bytesToHex(encodeHoloceneExtraData(given))
  if (wanted === bytesToHex(extraDataForChild(new Uint8Array(0)))) return []
  const problem = `is empty, which means 250 and 6, and config.optimism says ${given.denominator} and ${given.elasticity}: write ${wanted}`
  return [{ key: 'extraData', problem }]
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
