// The shortest command against Node.js that does nothing, by the CPU time of the process.
import { spawnSync } from 'node:child_process'
import { CLI } from '../support/node-command.ts'
import { type Bench, benchLine } from './bench-line.ts'

const TARGET = 3
const MICROSECONDS_PER_MS = 1_000
/** Ends what hangs. */
const TIMEOUT_MS = 60_000
/** Run before the rest: prints the process's own use of the CPU as it exits. */
const REPORTER = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs'
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    writeSync(2, String(userCPUTime + systemCPUTime))
  })
`)}`

/** `rekindle --version` and `node -e 0`, in turn. */
export const commandStart: Bench = async function* ({ times }) {
  const ours: number[] = []
  const baseline: number[] = []
  while (ours.length < times) {
    ours.push(cpuMs(CLI, '--version'))
    baseline.push(cpuMs('-e', '0'))
  }
  const facts = { bench: 'command-start', size: '--version', unit: 'ms of CPU', target: TARGET }
  yield await Promise.resolve(benchLine(facts, ours, baseline))
}

/** User and system time. */
function cpuMs(...args: readonly string[]): number {
  const { status, stderr } = spawnSync(process.execPath, ['--import', REPORTER, ...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS
  })
  const microseconds = Number(stderr)
  if (status !== 0 || !(microseconds > 0)) throw new Error(`${args.join(' ')} ended: ${stderr}`)
  return microseconds / MICROSECONDS_PER_MS
}
