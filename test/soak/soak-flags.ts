// The flags of the soak command: read, checked, defaulted; what is wrong is said in one line.
import { Command, CommanderError } from 'commander'
import { blockTime, SEED_MAX, wholeNumber } from '../../devnet/command/number-flags.ts'
import { type SoakOptions, type SoakPart } from './soak-part.ts'

const TIMES_DEFAULT = 10
const TIMES_MAX = 10_000
const KILLS_DEFAULT = 300
const KILLS_MAX = 1_000_000
/** More clusters side by side than this are no test of recovery, but of the machine. */
const JOBS_MAX = 32
const BLOCK_TIME_MS_DEFAULT = 1_000
const ACCOUNTS_DEFAULT = 1_000_000
const ACCOUNTS_MAX = 10_000_000
const STORAGE_SLOTS_DEFAULT = 200_000
const BLOCKS_DEFAULT = 10_000
const BLOCKS_MIN = 300
const BLOCKS_MAX = 100_000
const JOINS_DEFAULT = 20
const JOINS_MAX = 1_000
const SECONDS_DEFAULT = 60
const SECONDS_MAX = 3_600

/** The soaks by their names. */
export type Soaks = ReadonlyMap<string, readonly SoakPart[]>

/** What was asked for. */
export interface SoakFlags {
  readonly parts: readonly SoakPart[]
  readonly jobs: number
  /** A file that each criterion is appended to. */
  readonly out: string | undefined
  readonly options: Omit<SoakOptions, 'slots'>
}

/** Flags, or a text to print: help that was asked for, or what is wrong. */
export type ParsedSoakFlags =
  | { readonly kind: 'flags'; readonly flags: SoakFlags }
  | { readonly kind: 'help' | 'bad'; readonly text: string }

/** Reads the arguments behind node and script. */
export function parseSoakFlags(soaks: Soaks, args: readonly string[]): ParsedSoakFlags {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  const command = createCommand(soaks).configureOutput({ writeOut: write, writeErr: write })
  try {
    command.parse(args, { from: 'user' })
    return { kind: 'flags', flags: toFlags(command, soaks) }
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    return { kind: thrown.exitCode === 0 ? 'help' : 'bad', text }
  }
}

interface Given extends Omit<SoakOptions, 'slots' | 'blockTimeMs'> {
  readonly only: readonly string[]
  readonly jobs: number
  readonly out?: string
  readonly blockTime: number
}

function createCommand(soaks: Soaks): Command {
  const names = [...soaks.keys()].join(', ')
  return new Command('soak')
    .description('Runs what takes too long for every change; one JSON line for each criterion.')
    .argument('<name>', names)
    .option('--only <part>', 'this part, or all of this group; may be given again', collect, [])
    .option('--times <n>', 'runs of each scenario', wholeNumber(1, TIMES_MAX), TIMES_DEFAULT)
    .option(
      '--kills <n>',
      'kills with the record on, and as many off',
      wholeNumber(1, KILLS_MAX),
      KILLS_DEFAULT
    )
    .option('--jobs <n>', 'clusters side by side', wholeNumber(1, JOBS_MAX), 1)
    .option('--block-time <ms>', 'of the scenarios', blockTime, BLOCK_TIME_MS_DEFAULT)
    .option('--seconds <n>', 'of each attack', wholeNumber(1, SECONDS_MAX), SECONDS_DEFAULT)
    .option(
      '--accounts <n>',
      'of a state that is joined by',
      wholeNumber(1_000, ACCOUNTS_MAX),
      ACCOUNTS_DEFAULT
    )
    .option(
      '--storage-slots <n>',
      'of such a state, half of them in one contract',
      wholeNumber(0, ACCOUNTS_MAX),
      STORAGE_SLOTS_DEFAULT
    )
    .option(
      '--chain-blocks <n>',
      'of the shorter of two chains that are joined',
      wholeNumber(BLOCKS_MIN, BLOCKS_MAX),
      BLOCKS_DEFAULT
    )
    .option('--joins <n>', 'that are killed', wholeNumber(1, JOINS_MAX), JOINS_DEFAULT)
    .option('--out <file>', 'append each criterion to this file too')
    .option('--seed <n>', 'the first seed', wholeNumber(1, SEED_MAX - TIMES_MAX - KILLS_MAX), 1)
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', `\n${[...soaks].map(describeParts).join('\n')}`)
    .addHelpText(
      'after',
      '\nExit code: 0 when every criterion was met, 1 when not, 2 for wrong flags.'
    )
    .exitOverride()
}

function toFlags(command: Command, soaks: Soaks): SoakFlags {
  const [name = ''] = command.args
  const { only, jobs, out, blockTime: blockTimeMs, ...counts } = command.opts<Given>()
  const parts = soaks.get(name)
  if (parts === undefined) {
    return command.error(
      `error: there is no soak ${name}; there are ${[...soaks.keys()].join(', ')}`
    )
  }
  const isMeant = ({ name: part, group }: SoakPart, asked: string) =>
    part === asked || group === asked
  const unknown = only.find((asked) => !parts.some((part) => isMeant(part, asked)))
  if (unknown !== undefined) {
    return command.error(`error: there is no part ${unknown}. ${describeParts([name, parts])}`)
  }
  const chosen = parts.filter(
    (part) => only.length === 0 || only.some((asked) => isMeant(part, asked))
  )
  return { parts: chosen, jobs, out, options: { ...counts, blockTimeMs } }
}

function describeParts([name, parts]: readonly [string, readonly SoakPart[]]): string {
  const groups = [...new Set(parts.flatMap(({ group }) => group ?? []))]
  const names = `Parts of ${name}: ${parts.map((part) => part.name).join(', ')}.`
  return groups.length === 0 ? names : `${names} Groups: ${groups.join(', ')}.`
}

/** Several may stand in one value, with commas. */
function collect(value: string, parts: readonly string[]): readonly string[] {
  return [...parts, ...value.split(',')]
}
