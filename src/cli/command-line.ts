// The commands of `rekindle` and their flags; what each does stands in a file of its own, loaded when it runs.
import { Command, CommanderError } from 'commander'
import {
  addConfigFlags,
  collect,
  configFlags,
  flagNamesOf,
  type GivenFlags,
  listFlag,
  textFlag
} from './command-flags.ts'
import {
  DB_NOTES,
  INIT_FLAG_NOTES,
  INIT_NOTES,
  PROGRAM_NOTES,
  RUN_NOTES,
  SIGNER_NOTES,
  VERIFY_NOTES
} from './command-help.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type InitCommandDeps } from './init-command.ts'
import {
  addDbExits,
  addSignerRelease,
  type CommandEnd,
  type LoadParsers,
  roleOption
} from './exit-commands.ts'
import { CONFIG_KEYS } from '../config/config-keys.ts'
import { ONE_START_FLAGS } from '../config/one-start.ts'
import { type PeerIdentity } from '../config/start-inputs.ts'
import { type RunDeps } from './run-command.ts'
import { addKey, addRole, type SetupFiles } from './setup-commands.ts'

/** Where a node's JSON-RPC is unless told otherwise. */
const DEFAULT_RPC_URL = `http://${CONFIG_KEYS.rpc.default}`

/** What the commands are put together from. Each part is loaded by the commands that need it, as they run. */
export interface CommandLineDeps<Key extends PeerIdentity> {
  readonly version: string
  /** For commands that read the config of a node. */
  readonly loadParsers: LoadParsers
  readonly loadInit: () => Promise<InitCommandDeps>
  /** For commands around a setup. */
  readonly loadSetup: () => Promise<SetupFiles>
  readonly loadRun: () => Promise<RunDeps<Key>>
}

/** Runs the command that the arguments (without node and script) name. Resolves with the exit code. */
export async function runCommandLine<Key extends PeerIdentity>(
  args: readonly string[],
  deps: CommandLineDeps<Key>,
  io: CommandIo
): Promise<number> {
  let exitCode: number = EXIT_CODE.good
  const end = (code: number) => {
    exitCode = code
  }
  const program = createProgram(deps.version, io)
  addInit(program.command('init'), deps.loadInit, { io, end })
  addKey(program.command('key'), deps.loadSetup, { io, end })
  addRole(program.command('role'), deps.loadSetup, { io, end })
  addRun(program.command('run'), deps.loadRun, { io, end })
  addStatus(program.command('status'), { io, end })
  addSigner(program.command('signer'), deps.loadParsers, { io, end })
  addDb(program.command('db'), deps.loadParsers, { io, end })
  addConfig(program.command('config'), { io, end })
  addExplain(program.command('explain'), { io, end })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      return thrown.exitCode === 0 ? EXIT_CODE.good : EXIT_CODE.badUsage
    }
    const { failureLines } = await import('./failure-lines.ts')
    for (const line of failureLines(thrown)) io.complain(`${line}\n`)
    return EXIT_CODE.failed
  }
}

/** Commands take its output and its way to exit over when they are added. */
function createProgram(version: string, io: CommandIo): Command {
  return new Command('rekindle')
    .description('Rollup sequencers and their backups: comes back on the chain it announced.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print what a command does')
    .configureOutput({ writeOut: io.print, writeErr: io.complain })
    .showSuggestionAfterError()
    .addHelpText('after', PROGRAM_NOTES)
    .exitOverride()
}

function addInit(
  command: Command,
  loadInit: () => Promise<InitCommandDeps>,
  { io, end }: CommandEnd
): void {
  command
    .description('write config, keys, signed record and genesis of a new node; overwrites nothing')
    .addHelpText('after', INIT_NOTES)
  addConfigFlags(command, INIT_FLAG_NOTES)
    .option('--keydir <dir>', 'where config, keys and record go (default: DATADIR.keys)')
    .option('--sequencer-key <file>', 'a signing key that there is; it stays where it is')
    .option('--chain-id <number>', 'of the sample genesis, without --genesis (default: 901)')
    .option('--json', 'print one JSON object')
    .action(async (given: GivenFlags) => {
      const flags = {
        flags: configFlags(given),
        strayArguments: command.args,
        flagNames: flagNamesOf(command),
        keyDir: textFlag(given, 'keydir'),
        sequencerKey: textFlag(given, 'sequencerKey'),
        chainId: textFlag(given, 'chainId'),
        isJson: given.json === true
      }
      const deps = await loadInit()
      const { initNode } = await import('./init-command.ts')
      end(await initNode(flags, deps, io))
    })
}

function addRun<Key extends PeerIdentity>(
  command: Command,
  loadRun: () => Promise<RunDeps<Key>>,
  { io, end }: CommandEnd
): void {
  command
    .description('run a node until SIGINT or SIGTERM; a second signal ends it at once')
    .option('--config <file>', 'the config file')
    .addHelpText('after', RUN_NOTES)
  addConfigFlags(command)
  for (const { flag, purpose } of Object.values(ONE_START_FLAGS)) {
    command.option(`--${flag} <hash>`, `${purpose}; for this start alone`)
  }
  command.action(async (given: GivenFlags) => {
    const flags = {
      configFile: textFlag(given, 'config'),
      flags: configFlags(given),
      strayArguments: command.args,
      flagNames: flagNamesOf(command),
      oneStart: {
        startWithoutBackups: textFlag(given, 'startWithoutBackups'),
        giveUpAbove: textFlag(given, 'giveUpAbove')
      }
    }
    const deps = await loadRun()
    const { runNode } = await import('./run-command.ts')
    end(await runNode(flags, deps, io))
  })
}

function addStatus(command: Command, { io, end }: CommandEnd): void {
  command
    .description('print what a running node does: role, heads, gate, recovery, peers')
    .option('--rpc <url>', "the node's JSON-RPC", DEFAULT_RPC_URL)
    .option('--json', 'print one JSON object')
    .action(async (given: GivenFlags) => {
      const rpcUrl = textFlag(given, 'rpc') ?? DEFAULT_RPC_URL
      const { printStatus } = await import('./status-command.ts')
      end(await printStatus({ rpcUrl, isJson: given.json === true }, io))
    })
}

function addSigner(command: Command, loadParsers: LoadParsers, { io, end }: CommandEnd): void {
  command.description('the signed record of a sequencer')
  addSignerRelease(command, loadParsers, { io, end })
  command
    .command('show')
    .description('print what the record holds, also while the node runs')
    .option('--config <file>', 'the config file of the sequencer')
    .addOption(roleOption())
    .option('--record <file>', 'the record itself')
    .option('--json', 'print one JSON object')
    .addHelpText('after', SIGNER_NOTES)
    .action(async (given: GivenFlags) => {
      const options = {
        configFile: textFlag(given, 'config'),
        role: textFlag(given, 'role'),
        recordFile: textFlag(given, 'record'),
        isJson: given.json === true
      }
      const parsers = await loadParsers()
      const { printSigner } = await import('./signer-command.ts')
      end(await printSigner(options, parsers, io))
    })
}

function addDb(command: Command, loadParsers: LoadParsers, { io, end }: CommandEnd): void {
  command.description("a stopped node's data directory").addHelpText('after', DB_NOTES)
  const readFlags = (given: GivenFlags) => ({
    configFile: textFlag(given, 'config'),
    isJson: given.json === true
  })
  const reading = (name: string, purpose: string) =>
    command
      .command(name)
      .description(purpose)
      .option('--config <file>', 'the config file of the node')
      .option('--json', 'print one JSON object')
  reading('inspect', 'print what is in it: head, state, journal').action(
    async (given: GivenFlags) => {
      const parsers = await loadParsers()
      const { inspectDirectory } = await import('./db-command.ts')
      end(await inspectDirectory(readFlags(given), parsers, io))
    }
  )
  reading('verify', 'walk all of it and print every fault with its place')
    .option('--repair', 'put right what can be, out of what is left and out of the peers')
    .option(
      '--peer <multiaddr>',
      'a node that is asked for what is damaged (repeat for each)',
      collect
    )
    .addHelpText('after', VERIFY_NOTES)
    .action(async (given: GivenFlags) => {
      const peers = listFlag(given, 'peer')
      const flags = { ...readFlags(given), isRepair: given.repair === true, peers }
      const parsers = await loadParsers()
      const { verifyDirectory } = await import('./db-command.ts')
      end(await verifyDirectory(flags, parsers, io))
    })
  addDbExits(command, loadParsers, { io, end })
}

function addConfig(command: Command, { io, end }: CommandEnd): void {
  command
    .description('print every config key, or the schema of the config file')
    .option('--print-defaults', 'every key: default, unit, what it takes, its flag and variable')
    .option('--print-schema', 'JSON Schema of the config file')
    .action(async (given: GivenFlags) => {
      const isDefaults = given.printDefaults === true
      const { printConfig } = await import('./config-command.ts')
      end(await printConfig({ isDefaults, isSchema: given.printSchema === true }, io))
    })
}

function addExplain(command: Command, { io, end }: CommandEnd): void {
  command
    .description('print what an error code means and what is safe to do')
    .argument('[code]', 'as in an error, a log line or status; all codes when left out')
    .action(async (code: string | undefined) => {
      const { explainCode } = await import('./explain-command.ts')
      end(explainCode(code, io))
    })
}
