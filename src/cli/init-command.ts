// `rekindle init`: plans, writes, and says what to do next.
import { relative } from 'node:path'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from '../config/config-checks.ts'
import { type ConfigSources } from '../config/config-layers.ts'
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
  const { peerId, multiaddr, signer, chainId, genesisHash } = result
  const config = relative(cwd, result.configFile)
  const genesis = relative(cwd, result.genesisFile)
  return [
    formatFields({ peerId, multiaddr, signer, chainId, genesisHash, config, genesis }),
    'Next:',
    `  rekindle run --config ${config}`,
    ...(signer === undefined
      ? []
      : [
          '',
          'A sequencer starts with a backup (--backup MULTIADDR), or with --quorum none.',
          `Its backups need this genesis: rekindle init --role backup --datadir DIR --genesis ${genesis}`,
          'Never copy or put back the signed record: it is what keeps the key from signing twice.'
        ]),
    ''
  ].join('\n')
}
