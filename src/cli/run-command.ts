// `rekindle run`: config to a running node, until a signal or an error ends it.
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type ConfigSources, unknownVariables } from '../config/config-layers.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { createLog } from '../node/log.ts'
import { type ProgressDisplay } from '../report/progress-lines.ts'
import { createProgressBars, type ProgressBars } from './progress-bars.ts'
import { type OneStartFlags } from '../config/one-start.ts'
import {
  type PeerIdentity,
  readStartInputs,
  type StartInputs,
  type StartReaders
} from '../config/start-inputs.ts'

/** Opens all that a node needs, ports and directories included; the node runs until its signal aborts. */
export type CreateNode<Key extends PeerIdentity> = (
  inputs: StartInputs<Key>,
  deps: { readonly log: Log; readonly display: ProgressDisplay | undefined }
) => Promise<Service>

/** What `run` is put together from. */
export interface RunDeps<Key extends PeerIdentity> {
  readonly readers: StartReaders<Key>
  readonly createNode: CreateNode<Key>
}

/** Flags of one call. */
export interface RunFlags extends Omit<ConfigSources, 'env' | 'cwd'> {
  readonly oneStart: OneStartFlags
}

/** Resolves with the exit code. The first signal stops the node, the second ends the process at once. */
export async function runNode<Key extends PeerIdentity>(
  { oneStart, ...flags }: RunFlags,
  { readers, createNode }: RunDeps<Key>,
  io: CommandIo
): Promise<number> {
  let inputs: StartInputs<Key>
  try {
    const { env, cwd } = io
    inputs = await readStartInputs({ ...flags, env, cwd }, oneStart, readers)
  } catch (thrown) {
    complain(io, thrown)
    return startExitCode(thrown)
  }
  const bars = io.isTerminal ? createProgressBars(process.stderr) : undefined
  const log = createLog({
    level: inputs.config.logLevel,
    isPretty: io.isTerminal,
    beforeLine: () => bars?.clear()
  })
  const ignored = unknownVariables(io.env)
  if (ignored.length > 0) log.warn('environment-ignored', { variables: ignored })
  return live(inputs, createNode, { io, log, bars })
}

async function live<Key extends PeerIdentity>(
  inputs: StartInputs<Key>,
  createNode: CreateNode<Key>,
  {
    io,
    log,
    bars
  }: { readonly io: CommandIo; readonly log: Log; readonly bars: ProgressBars | undefined }
): Promise<number> {
  const stop = new AbortController()
  const forgetSignals = io.onStopSignal(() => {
    if (stop.signal.aborted) {
      io.exitNow(EXIT_CODE.failed)
      return
    }
    log.info('stopping')
    stop.abort(new Error('the node was told to stop'))
  })
  let isRunning = false
  try {
    const node = await createNode(inputs, { log, display: bars })
    isRunning = true
    await node.run(stop.signal)
    return EXIT_CODE.good
  } catch (thrown) {
    // A service may say that it was stopped by rejecting with the reason.
    if (isRunning && stop.signal.aborted && thrown === stop.signal.reason) return EXIT_CODE.good
    complain(io, thrown)
    return isRunning ? EXIT_CODE.failed : startExitCode(thrown)
  } finally {
    forgetSignals()
    bars?.clear()
  }
}

function complain(io: CommandIo, thrown: unknown): void {
  for (const line of failureLines(thrown)) io.complain(`${line}\n`)
}
