// The flags of the operator's exits: `db choose`, `db rewind`, `signer release`.
import { type Command, Option } from 'commander'
import { type GivenFlags, textFlag } from './command-flags.ts'
import { CHOOSE_NOTES, RELEASE_NOTES, REWIND_NOTES } from './command-help.ts'
import { type CommandIo } from './command-io.ts'
import { type AddressParsers } from '../config/config-checks.ts'

/** Where a command prints, and how it says what the process ends with. */
export interface CommandEnd {
  readonly io: CommandIo
  readonly end: (exitCode: number) => void
}

/** Loads what reads peers' addresses. */
export type LoadParsers = () => Promise<AddressParsers>

/** `choose` and `rewind`, below `db`. */
export function addDbExits(db: Command, loadParsers: LoadParsers, { io, end }: CommandEnd): void {
  exit(db, 'choose', 'keep one of two branches that this key signed, give the other up')
    .option('--branch <hash>', 'a block of the branch that is kept')
    .option('--confirm <hash>', 'the block of the other branch, which is given up')
    .addHelpText('after', CHOOSE_NOTES)
    .action(async (given: GivenFlags) => {
      const flags = { ...exitFlags(given), branch: textFlag(given, 'branch') }
      const parsers = await loadParsers()
      const { chooseBranch } = await import('./db-choose.ts')
      end(await chooseBranch(flags, parsers, io))
    })
  exit(db, 'rewind', "take a backup's chain back, and give up what is above")
    .option('--to <number>', 'the block that becomes the head')
    .option('--confirm <hash>', 'the head that there is, which is given up')
    .addHelpText('after', REWIND_NOTES)
    .action(async (given: GivenFlags) => {
      const flags = { ...exitFlags(given), to: textFlag(given, 'to') }
      const parsers = await loadParsers()
      const { rewindDirectory } = await import('./db-rewind.ts')
      end(await rewindDirectory(flags, parsers, io))
    })
}

/** `release`, below `signer`. */
export function addSignerRelease(
  signer: Command,
  loadParsers: LoadParsers,
  { io, end }: CommandEnd
): void {
  exit(signer, 'release', 'free heights that the record bars, and give up the blocks there')
    .option('--above <number>', 'heights above this one are freed')
    .option('--confirm <hash>', 'the last block of the record, which is given up')
    .addHelpText('after', RELEASE_NOTES)
    .action(async (given: GivenFlags) => {
      const flags = { ...exitFlags(given), above: textFlag(given, 'above') }
      const parsers = await loadParsers()
      const { releaseHeights } = await import('./signer-release.ts')
      end(await releaseHeights(flags, parsers, io))
    })
}

function exit(parent: Command, name: string, purpose: string): Command {
  return parent
    .command(name)
    .description(purpose)
    .option('--config <file>', 'the config file of the node, which must not run')
    .addOption(roleOption())
    .option('--json', 'print one JSON object')
}

/** As `run` has it: what a node runs as by flag or variable is not always what its config says. */
export function roleOption(): Option {
  const purpose = 'what the node runs as (default: as REKINDLE_ROLE or the config file says)'
  return new Option('--role <role>', purpose).choices(['sequencer', 'backup'])
}

function exitFlags(given: GivenFlags) {
  return {
    configFile: textFlag(given, 'config'),
    role: textFlag(given, 'role'),
    confirm: textFlag(given, 'confirm'),
    isJson: given.json === true
  }
}
