// `rekindle init`: plans, writes, and says what to do next.
import { relative } from 'node:path'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from './config-checks.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigSources } from './config-layers.ts'
import { failureLines } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { type InitDeps, type InitResult, writeNode } from './init.ts'
import { type InitFlags, planInit } from './init-plan.ts'

/** What init needs of other folders. */
export interface InitCommandDeps {
  readonly init: InitDeps
  readonly readers: AddressParsers
}

/** Flags of one call. */
export interface InitCommandFlags extends InitFlags {
  readonly flags: ConfigSources['flags']
  readonly strayArguments: readonly string[]
  readonly isJson: boolean
}

/** Resolves with the exit code: 2 when anything is wrong, and then nothing was written. */
export async function initNode(
  given: InitCommandFlags,
  { init, readers }: InitCommandDeps,
  io: CommandIo
): Promise<number> {
  try {
    const sources = { flags: given.flags, strayArguments: given.strayArguments, cwd: io.cwd }
    const plan = await planInit(sources, given, readers)
    const result = await writeNode(plan, init)
    io.print(given.isJson ? jsonResult(result) : formatResult(result, io.cwd))
    return EXIT_CODE.good
  } catch (thrown) {
    for (const line of failureLines(thrown)) io.complain(`${line}\n`)
    return thrown instanceof ConfigError ? EXIT_CODE.badUsage : EXIT_CODE.failed
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
