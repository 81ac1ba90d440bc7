// One scenario in a process of its own, as an operator runs it, and the report it prints.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Without } from '../../devnet/cluster/messages.ts'
import { type ScenarioReport } from '../../devnet/cluster/report.ts'

/** How a run ended. */
export interface ScenarioRunResult {
  readonly exitCode: number | null
  /** Undefined when it printed none. */
  readonly report: ScenarioReport | undefined
  /** The last lines of its progress. */
  readonly tail: string
  readonly elapsedMs: number
}

/** A scenario that takes longer hangs. */
const RUN_TIMEOUT_MS = 420_000
const TAIL_LINES = 15

/** Runs `npm run devnet -- --scenario NAME --exit --json`, without npm around it. */
export async function runScenario(
  name: string,
  {
    seed,
    blockTimeMs,
    without
  }: { readonly seed: number; readonly blockTimeMs?: number; readonly without?: Without }
): Promise<ScenarioRunResult> {
  const cli = fileURLToPath(new URL('../../devnet/cli.js', import.meta.url))
  const args = [cli, '--scenario', name, '--seed', String(seed), '--exit', '--json']
  if (blockTimeMs !== undefined) args.push('--block-time', String(blockTimeMs))
  if (without !== undefined) args.push('--without', without)
  const startedMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const timer = setTimeout(() => child.kill('SIGTERM'), RUN_TIMEOUT_MS)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  const tail = stderr.split('\n').slice(-TAIL_LINES).join('\n')
  const elapsedMs = performance.now() - startedMs
  return { exitCode, report: parseReport(stdout), tail, elapsedMs }
}

/** What broke, as text: names and details of the checks that did not hold. */
export function describeBroken({ exitCode, report, tail }: ScenarioRunResult): string {
  if (report === undefined) return `exit code ${String(exitCode)}, no report: ${tail}`
  const broken = report.checks.filter(({ ok }) => !ok)
  return broken.map(({ name, detail }) => `${name}: ${detail}`).join('; ')
}

function parseReport(stdout: string): ScenarioReport | undefined {
  try {
    return JSON.parse(stdout) as ScenarioReport
  } catch {
    return undefined // the run failed before its report; its exit code and tail say how
  }
}
