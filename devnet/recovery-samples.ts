// What a starting sequencer says of itself to any client, asked again and again until its gate opens.
import { systemClock } from '../src/base/clock.ts'
import { callRpc } from './rpc-client.ts'

const EVERY_MS = 50
const HEALTH_TIMEOUT_MS = 2_000
/** Kept of one start: enough for half a minute, the first and the latest. */
const SAMPLES_MAX = 600

/** One answer of `/health` and one of `rekindle_status`, asked for together. */
export interface StatusSample {
  /** As `performance.now()` counts. */
  readonly answeredMs: number
  readonly healthCode: number
  readonly health: unknown
  readonly status: unknown
}

/** Asks until `isOver`; the list that it fills can be read at any time. A node that does not answer gives no sample. */
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
  try {
    const [response, status] = await Promise.all([
      fetch(`${rpcUrl}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }),
      callRpc(rpcUrl, 'rekindle_status')
    ])
    const health: unknown = await response.json()
    return { answeredMs: performance.now(), healthCode: response.status, health, status }
  } catch {
    return undefined // not listening yet, or dead
  }
}
