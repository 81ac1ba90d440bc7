// The flags of the commands around a setup: `key new`, `key show`, `role`.
import { type Command } from 'commander'
import {
  addConfigFlags,
  configFlags,
  flagNamesOf,
  type GivenFlags,
  textFlag
} from './command-flags.ts'
import { KEY_NOTES, ROLE_NOTES } from './command-help.ts'
import { type CommandEnd } from './exit-commands.ts'
import { type PeerKeyFiles } from './key-command.ts'
import { type ConfigKeyName } from '../config/config-keys.ts'
import { type PeerIdentity, type StartReaders } from '../config/start-inputs.ts'

/** What reads and makes keys of peers, and reads addresses. */
export type SetupFiles = StartReaders<PeerIdentity> & PeerKeyFiles

const ROLE_FLAGS: readonly ConfigKeyName[] = ['peers', 'backups', 'quorum', 'sequencerRpc']

/** `new` and `show`, below `key`. */
export function addKey(
  command: Command,
  loadSetup: () => Promise<SetupFiles>,
  { io, end }: CommandEnd
): void {
  command
    .description('a signing key, or the key of a peer id, ahead of the node')
    .addHelpText('after', KEY_NOTES)
  for (const [name, purpose] of [
    ['new', 'make a key in a new file, for its owner alone, and print its address'],
    ['show', 'print the address of a key that there is']
  ] as const) {
    command
      .command(name)
      .description(purpose)
      .argument('<file>', 'the key: 64 hex digits')
      .option('--peer', 'the key behind a peer id, not one that signs blocks')
      .option('--json', 'print one JSON object')
      .action(async (file: string, given: GivenFlags) => {
        const flags = { file, isPeer: given.peer === true, isJson: given.json === true }
        const files = await loadSetup()
        const { runKey } = await import('./key-command.ts')
        end(await runKey({ ...flags, isNew: name === 'new' }, files, io))
      })
  }
}

/** `role`. */
export function addRole(
  command: Command,
  loadSetup: () => Promise<SetupFiles>,
  { io, end }: CommandEnd
): void {
  command
    .description('make a stopped node a sequencer or a backup: edits its config, says what remains')
    .option('--config <file>', 'the config file of the node, which must not run')
    .option('--to <role>', 'sequencer or backup')
    .option('--json', 'print one JSON object')
    .addHelpText('after', ROLE_NOTES)
  addConfigFlags(command, {}, ROLE_FLAGS).action(async (given: GivenFlags) => {
    const flags = {
      configFile: textFlag(given, 'config'),
      to: textFlag(given, 'to'),
      isJson: given.json === true,
      flags: configFlags(given),
      strayArguments: command.args,
      flagNames: flagNamesOf(command)
    }
    const files = await loadSetup()
    const { handOverRole } = await import('./role-command.ts')
    end(await handOverRole(flags, files, io))
  })
}
