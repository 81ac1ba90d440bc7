// What a starting sequencer says of itself to any client, asked again and again until its gate opens.
import { systemClock } from '../../src/base/clock.ts'
import { callRpc } from './rpc-client.ts'

const EVERY_MS = 50
const HEALTH_TIMEOUT_MS = 2_000
/** Kept of one start: enough for half a minute, the first and the latest. */
const SAMPLES_MAX = 600

/** What `/health` and `rekindle_status` said, asked for together. */
export interface StatusAnswer {
  readonly healthCode: number
  readonly health: unknown
  readonly status: unknown
}

/** One question, and what became of it. Times are those of `performance.now()`. */
export interface StatusSample {
  readonly askedMs: number
  /** When it was answered, or given up. */
  readonly endedMs: number
  /** Undefined when none came. */
  readonly answer: StatusAnswer | undefined
}

/** Asks until `isOver`; the list that it fills can be read at any time. A node that listens not yet gives no sample. */
export function collectSamples(
  rpcUrl: string,
  isOver: () => boolean
): { readonly samples: readonly StatusSample[]; readonly finished: Promise<void> } {
  const samples: StatusSample[] = []
  const collect = async () => {
    while (!isOver()) {
      const sample = await takeSample(rpcUrl)
      if (sample !== undefined) samples.push(sample)
      if (samples.length > SAMPLES_MAX) samples.splice(SAMPLES_MAX / 2, 1)
      await systemClock.sleep(EVERY_MS)
    }
  }
  return { samples, finished: collect() }
}

async function takeSample(rpcUrl: string): Promise<StatusSample | undefined> {
  const askedMs = performance.now()
  const ended = (answer: StatusAnswer | undefined) => {
    return { askedMs, endedMs: performance.now(), answer }
  }
  try {
    const [response, status] = await Promise.all([
      fetch(`${rpcUrl}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }),
      callRpc(rpcUrl, 'rekindle_status')
    ])
    const health: unknown = await response.json()
    return ended({ healthCode: response.status, health, status })
  } catch (thrown) {
    return isRefused(thrown) ? undefined : ended(undefined)
  }
}

/** Nobody listens there: not yet, or no more. */
function isRefused(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}
