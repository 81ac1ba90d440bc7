// Starts the command as a process of its own, and says what was wrong with each run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EXIT } from './command.ts'

const COMMAND = fileURLToPath(new URL('run.js', import.meta.url))
/** Cases that a run without flags of ours has at least: more, and the node was tried. */
const OK_MIN = 20

interface Summary {
  readonly ok: number
  readonly failed: number
  readonly notRun: number
}

/** Runs it so often, one after the other. A line for each run that did not end as it must. */
export async function startOften(
  target: string,
  chainId: bigint,
  times: number
): Promise<readonly string[]> {
  const faults: string[] = []
  for (let start = 1; start <= times; start++) {
    const args = [
      '--target',
      target,
      '--chain-id',
      chainId.toString(),
      '--patience',
      '1000',
      '--json'
    ]
    const { exitCode, stdout, stderr } = await run(args)
    const fault = faultOf(exitCode, stdout)
    if (fault !== undefined) faults.push(`start ${String(start)}: ${fault} ${stderr.slice(0, 500)}`)
  }
  return faults
}

/** Without --listen and --signer-key some cases are not run, which the exit code says. */
function faultOf(exitCode: number | null, stdout: string): string | undefined {
  if (exitCode !== EXIT.partly) return `exit code ${String(exitCode)}: ${failedIds(stdout)}`
  const { ok, failed, notRun } = JSON.parse(stdout) as Summary
  if (failed > 0 || notRun === 0 || ok < OK_MIN) {
    return `${String(ok)} ok, ${String(failed)} failed, ${String(notRun)} not run`
  }
  return undefined
}

function failedIds(stdout: string): string {
  try {
    const { results } = JSON.parse(stdout) as {
      readonly results: readonly {
        readonly id: string
        readonly outcome: string
        readonly detail: string
      }[]
    }
    return results
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ id, detail }) => `${id}: ${detail}`)
      .join('; ')
  } catch {
    return stdout.slice(0, 200)
  }
}

async function run(args: readonly string[]) {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child, 'close')
  return { exitCode: child.exitCode, stdout, stderr }
}
