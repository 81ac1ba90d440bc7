// `rekindle init`: plans, writes, and says what to do next.
import { relative } from 'node:path'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from '../config/config-checks.ts'
import { type ConfigSources } from '../config/config-layers.ts'
import { describeGenesisTime, genesisTime } from '../config/genesis-time.ts'
import { shellWord } from './shell-word.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { type InitDeps, type InitResult, writeNode } from './init.ts'
import { type InitFlags, planInit } from './init-plan.ts'

/** What init needs of other folders. */
export interface InitCommandDeps {
  readonly init: InitDeps
  readonly readers: AddressParsers
}

/** Flags of one call. */
export interface InitCommandFlags
  extends InitFlags, Pick<ConfigSources, 'flags' | 'strayArguments' | 'flagNames'> {
  readonly isJson: boolean
}

/** Resolves with the exit code; unless that is 0, nothing was left written. */
export async function initNode(
  given: InitCommandFlags,
  { init, readers }: InitCommandDeps,
  io: CommandIo
): Promise<number> {
  try {
    const plan = await planInit({ ...given, cwd: io.cwd }, given, readers)
    const result = await writeNode(plan, init)
    const time = plan.genesis && genesisTime(plan.genesis.parsed, init.clock.nowMs())
    // A backup joins a chain that may be as old as it likes.
    if (time !== undefined && (time.kind === 'ahead' || plan.role === 'sequencer')) {
      io.complain(`rekindle: warning: ${describeGenesisTime(time)}\n`)
    }
    io.print(given.isJson ? jsonResult(result) : formatResult(result, io.cwd))
    return EXIT_CODE.good
  } catch (thrown) {
    for (const line of failureLines(thrown, 'rekindle init wrote nothing')) io.complain(`${line}\n`)
    return startExitCode(thrown)
  }
}

function jsonResult(result: InitResult): string {
  return `${JSON.stringify({ ...result, chainId: Number(result.chainId) })}\n`
}

function formatResult(result: InitResult, cwd: string): string {
  const { peerId, multiaddr, signer, chainId, genesisHash, backupFlags } = result
  const flags = backupFlags.map((flag) => ` ${flag}`).join('')
  const config = relative(cwd, result.configFile)
  const genesis = relative(cwd, result.genesisFile)
  return [
    formatFields({ peerId, multiaddr, signer, chainId, genesisHash, config, genesis }),
    'Next:',
    `  rekindle run --config ${shellWord(config)}`,
    ...(signer === undefined
      ? []
      : [
          '',
          'A sequencer starts with a backup (--backup MULTIADDR), or with --quorum none.',
          `Its backups need this genesis: rekindle init --role backup --datadir DIR --genesis ${shellWord(genesis)}${flags}`,
          'Never copy or put back the signed record: it is what keeps the key from signing twice.'
        ]),
    ''
  ].join('\n')
}
