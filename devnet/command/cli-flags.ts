// The flags of the devnet command: read, checked, defaulted.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type Without, WITHOUT_NAMES } from '../cluster/messages.ts'
import { BLOCK_TIME_MAX_MS, blockTime, SEED_MAX, wholeNumber } from './number-flags.ts'
import { type Scenario } from '../scenarios/scenario.ts'
import { findScenario, SCENARIOS } from '../scenarios/scenarios.ts'

/** More processes than this are no test of recovery, but of the machine. */
const BACKUPS_MAX = 8
const TRANSFERS_MAX = 1_000
const DEFAULT_SCENARIO = 'one-block-behind'

/** What was asked for. */
export interface DevnetFlags {
  readonly scenario: Scenario
  readonly backupsCount: number
  readonly blockTimeMs: number
  readonly transfersPerSecond: number
  readonly without: Without | undefined
  readonly seed: number
  readonly exits: boolean
  readonly isJson: boolean
  /** Undefined: one below the system's temporary directory. */
  readonly directory: string | undefined
}

/** A chain to be made for the conformance suite, and nothing else. */
export interface ChainFlags {
  /** A new one. */
  readonly directory: string
  readonly isJson: boolean
}

/** Flags of a scenario or of a chain, or a text to print: help that was asked for, or what is wrong. */
export type ParsedFlags =
  | { readonly kind: 'flags'; readonly flags: DevnetFlags }
  | { readonly kind: 'chain'; readonly flags: ChainFlags }
  | { readonly kind: 'help' | 'bad'; readonly text: string }

/** Reads the arguments behind node and script. */
export function parseFlags(args: readonly string[]): ParsedFlags {
  let text = ''
  const write = (part: string) => {
    text += part
  }
  const command = createCommand().configureOutput({ writeOut: write, writeErr: write })
  try {
    command.parse(args, { from: 'user' })
    const { makeChain, json } = command.opts<Given>()
    if (makeChain !== undefined) {
      const others = command.options.filter((option) =>
        isOfScenario(command, option.attributeName())
      )
      const [other] = others
      if (other !== undefined) command.error(`error: --make-chain takes no ${other.long ?? ''}`)
      return { kind: 'chain', flags: { directory: makeChain, isJson: json === true } }
    }
    return { kind: 'flags', flags: toFlags(command) }
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    return { kind: thrown.exitCode === 0 ? 'help' : 'bad', text }
  }
}

interface Given {
  readonly scenario: string
  readonly backups: number
  readonly blockTime: number
  readonly load: number
  readonly without?: Without
  readonly seed: number
  readonly exit?: true
  readonly json?: true
  readonly dir?: string
  readonly makeChain?: string
}

/** True for a flag that was given, and that a chain has no use for. */
function isOfScenario(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === 'cli' && !['makeChain', 'json'].includes(name)
}

function createCommand(): Command {
  const scenarios = SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(22)}${summary}`)
  const names = SCENARIOS.map(({ name }) => name)
  return new Command('rekindle-devnet')
    .description('A cluster of real nodes that loses its sequencer, gets it back, and is checked.')
    .option(
      '--backups <n>',
      `backups beside the sequencer, 1 to ${String(BACKUPS_MAX)}`,
      wholeNumber(1, BACKUPS_MAX),
      3
    )
    .option(
      '--block-time <ms>',
      `time from block to block: 250, 500, or whole seconds up to ${String(BLOCK_TIME_MAX_MS)}`,
      blockTime,
      1000
    )
    .option(
      '--load <tps>',
      `token transfers a second, 0 to ${String(TRANSFERS_MAX)}`,
      wholeNumber(0, TRANSFERS_MAX),
      10
    )
    .addOption(
      new Option('--scenario <name>', 'what is done to the cluster')
        .choices(names)
        .default(DEFAULT_SCENARIO)
    )
    .addOption(
      new Option('--without <name>', 'leaves a protection out, to see the checks fail').choices(
        WITHOUT_NAMES
      )
    )
    .option('--seed <n>', 'which accounts send', wholeNumber(0, SEED_MAX), 1)
    .option('--exit', 'end after the scenario; otherwise the cluster stays up and takes commands')
    .option('--json', 'print one JSON object on stdout at the end; progress goes to stderr')
    .option('--dir <dir>', 'a new directory for the cluster, which is kept', directory)
    .option(
      '--make-chain <dir>',
      'no cluster: makes a chain for the conformance suite in a new directory, and ends',
      directory
    )
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', ['', 'Scenarios:', ...scenarios].join('\n'))
    .addHelpText(
      'after',
      '\nExit code: 0 when every check held, 1 when not, 2 for wrong flags, a directory that cannot be used, ' +
        'or packages that are not installed.'
    )
    .exitOverride()
}

function toFlags(command: Command): DevnetFlags {
  const given = command.opts<Given>()
  const scenario = findScenario(given.scenario)
  if (scenario === undefined) throw new Error(`there is no scenario ${given.scenario}`)
  const { name, backupsMin = 1, needsLoad } = scenario
  if (given.backups < backupsMin) {
    command.error(`error: scenario ${name} needs --backups ${String(backupsMin)} or more`)
  }
  if (needsLoad === true && given.load === 0) {
    command.error(`error: scenario ${name} needs --load 1 or more`)
  }
  return {
    scenario,
    backupsCount: given.backups,
    blockTimeMs: given.blockTime,
    transfersPerSecond: given.load,
    without: given.without,
    seed: given.seed,
    exits: given.exit === true,
    isJson: given.json === true,
    directory: given.dir
  }
}

function directory(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a directory.')
  return text
}
