// The genesis file (geth's genesis.json with config.rekindle): read, checked, all problems named at once.
import { type z } from 'zod'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type ChainConfig } from './chain-config.ts'
import { ChainError, type GenesisProblem } from '../blocks/chain-error.ts'
import {
  checkEmptyExtraData,
  checkFixedFields,
  checkForks,
  checkForksAtGenesis,
  checkHeader,
  forkTimesOf,
  type GenesisGiven,
  readRekindle,
  withImpliedForks
} from './genesis-checks.ts'
import { parseGenesisJson } from './genesis-json.ts'
import { readAddress, readWord } from './genesis-fields.ts'
import {
  type accountSchema,
  allocSchema,
  configSchema,
  fixedSchema,
  forksSchema,
  headerSchema,
  timeSchema
} from './genesis-schema.ts'

/** One account of `alloc`. */
export interface GenesisAccount {
  readonly address: Hex
  /** Wei. */
  readonly balance: bigint
  readonly nonce: bigint
  /** Empty for an account without code. */
  readonly code: Uint8Array
  /** 32-byte slot to its value of 32 bytes. */
  readonly storage: ReadonlyMap<Hex, Uint8Array>
}

/** A genesis file, sound. */
export interface Genesis {
  readonly config: ChainConfig
  /** In the file's order; no address twice. */
  readonly alloc: readonly GenesisAccount[]
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly baseFeePerGas: bigint
  /** In Holocene form, or empty: see `parametersForChild`. */
  readonly extraData: Uint8Array
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
  /** 32 bytes. */
  readonly prevRandao: Uint8Array
  /** 8 bytes. */
  readonly nonce: Uint8Array
}

/** go-ethereum's, where a file names none. */
const DEFAULT_BASE_FEE = 1_000_000_000n
/** Problems that are named; a file with more is not of this kind at all. */
const PROBLEMS_MAX = 100

/**
 * Reads geth's and op-geth's files as they are (core, Genesis.UnmarshalJSON): keys that are not read may stand
 * there. `given` says what the file does not. Throws ChainError `genesis-invalid` with everything that is wrong,
 * each with its key.
 */
export function parseGenesis(text: string, given: GenesisGiven = {}): Genesis {
  const file = parseJson(text)
  const problems: GenesisProblem[] = []
  const read = <T>(schema: z.ZodType<T>, value: unknown, key: string): T | undefined => {
    const result = schema.safeParse(value)
    if (!result.success) problems.push(...toProblems(result.error, key))
    return result.data
  }
  const config = read(configSchema, file.config, 'config')
  const times = isObject(file.config) ? read(forksSchema, file.config, 'config') : undefined
  const meant = times && withImpliedForks(times)
  const forks = meant && forkTimesOf(meant)
  const time = read(timeSchema, file, '')
  const header = read(headerSchema, file, '')
  const fixed = read(fixedSchema, file, '')
  const accounts = read(allocSchema, file.alloc, 'alloc')
  const { rekindle, problems: lacking = [] } = config ? readRekindle(config, given) : {}
  problems.push(...lacking)
  if (meant !== undefined) problems.push(...checkForks(meant))
  const timestamp = time?.timestamp ?? 0n
  if (forks && time) problems.push(...checkForksAtGenesis(forks, { timestamp }))
  if (header !== undefined) problems.push(...checkHeader(header))
  if (header && config) problems.push(...checkEmptyExtraData(header, config))
  if (fixed !== undefined) problems.push(...checkFixedFields(fixed))
  const alloc = accounts && readAlloc(accounts, problems)
  if (!config || !rekindle || !forks || !header || !alloc || problems.length > 0) {
    throw invalid(problems)
  }
  return {
    config: { chainId: config.chainId, forks, ...rekindle },
    alloc,
    timestamp,
    gasLimit: header.gasLimit,
    baseFeePerGas: header.baseFeePerGas ?? DEFAULT_BASE_FEE,
    extraData: header.extraData ?? new Uint8Array(0),
    feeRecipient: header.coinbase ?? new Uint8Array(20),
    prevRandao: header.mixHash ?? new Uint8Array(32),
    nonce: header.nonce ?? new Uint8Array(8)
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  let file: unknown
  try {
    file = parseGenesisJson(text)
  } catch (thrown) {
    throw invalid([{ key: '', problem: `is not JSON: ${errorMessage(thrown)}` }], thrown)
  }
  if (isObject(file)) return file
  throw invalid([{ key: '', problem: 'is not a JSON object' }])
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readAlloc(
  accounts: Readonly<Record<string, z.infer<typeof accountSchema>>>,
  problems: GenesisProblem[]
): readonly GenesisAccount[] {
  const seen = new Set<Hex>()
  return Object.entries(accounts).flatMap(([text, account]) => {
    const key = `alloc.${text}`
    const address = readAddress(text)
    if (address === undefined) {
      problems.push({ key, problem: 'is not an address: 0x and 40 hex digits' })
      return []
    }
    if (seen.has(address)) problems.push({ key, problem: 'is listed twice' })
    seen.add(address)
    const { balance, nonce, code, storage } = account
    const slots = readStorage(storage ?? {}, key, problems)
    return { address, balance, nonce: nonce ?? 0n, code: code ?? new Uint8Array(0), storage: slots }
  })
}

function readStorage(
  storage: Readonly<Record<string, Uint8Array>>,
  key: string,
  problems: GenesisProblem[]
): ReadonlyMap<Hex, Uint8Array> {
  const slots = new Map<Hex, Uint8Array>()
  for (const [text, value] of Object.entries(storage)) {
    const slot = readWord(text)
    const hex: Hex | undefined = slot && `0x${Buffer.from(slot).toString('hex')}`
    if (hex === undefined || slots.has(hex)) {
      const problem = hex === undefined ? 'is not 0x and at most 64 hex digits' : 'is listed twice'
      problems.push({ key: `${key}.storage.${text}`, problem })
    } else {
      slots.set(hex, value)
    }
  }
  return slots
}

function toProblems({ issues }: z.ZodError, key: string): readonly GenesisProblem[] {
  return issues.flatMap((issue) => {
    const at = joinKey(key, issue.path)
    if (issue.code !== 'unrecognized_keys') return [{ key: at, problem: issue.message }]
    return issue.keys.map((name) => ({ key: joinKey(at, [name]), problem: 'is not known' }))
  })
}

function joinKey(key: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((joined, part) => {
    if (typeof part === 'number') return `${joined}[${part}]`
    return joined === '' ? String(part) : `${joined}.${String(part)}`
  }, key)
}

function invalid(problems: readonly GenesisProblem[], cause?: unknown): ChainError {
  const left = problems.length - PROBLEMS_MAX
  const named = problems.slice(0, PROBLEMS_MAX)
  const rest = left > 0 ? [{ key: '', problem: `and ${left} problems more` }] : []
  return new ChainError({ code: 'genesis-invalid', problems: [...named, ...rest] }, { cause })
}
