// How long the event loop of a node's process was kept from its turns, measured inside the process itself.
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Time between two looks; what is measured includes it. */
const RESOLUTION_MS = 10
const NANOSECONDS_PER_MS = 1e6

/** Delays since the measurement began, in milliseconds. */
export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
  readonly samplesCount: number
}

/** Begins and reads a measurement. */
export interface LoopDelayMeter {
  /** Forgets what was measured before. */
  begin(): void
  read(): LoopDelay
}

/** A meter that costs nothing until it begins. */
export function createLoopDelayMeter(): LoopDelayMeter {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  return {
    begin() {
      histogram.enable()
      histogram.reset()
    },
    read() {
      return {
        p99Ms: histogram.percentile(99) / NANOSECONDS_PER_MS,
        maxMs: histogram.max / NANOSECONDS_PER_MS,
        samplesCount: histogram.count
      }
    }
  }
}
