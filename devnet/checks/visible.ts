// Invariant 6 from outside: a node whose gate is shut says so, and why; its recovery names its sources.
import { type CheckResult, type RecoverySection } from '../cluster/report.ts'
import { type StatusAnswer, type StatusSample } from '../cluster/recovery-samples.ts'
import { readHealth, readStatus } from '../cluster/status-words.ts'

/** One start of the sequencer as it looked from outside. Times are of one clock, in milliseconds. */
export interface StartView {
  readonly isRestart: boolean
  /** When JSON-RPC was there; undefined when it never was. */
  readonly readyMs: number | undefined
  /** Undefined when the gate never opened. */
  readonly openedMs: number | undefined
  /** When it was killed; undefined when it was not. */
  readonly killedMs?: number | undefined
  readonly samples: readonly StatusSample[]
  readonly recovery: RecoverySection | undefined
}

/** An answer that came so shortly before the gate opened may be of the open gate. */
const OPENING_MARGIN_MS = 250
/** A gate that opens so soon after it was asked about may be open before the answer is out. */
const MISSED_MS = 1_000
/** What `/health` answers while a node cannot serve. */
const UNAVAILABLE = 503

/** Each start is looked at; the first thing that was not visible is the detail. */
export function checkVisible(starts: readonly StartView[]): CheckResult {
  const name = 'visible'
  const broke = (what: string) =>
    ({ name, ok: false, detail: `invariant 6 broke: ${what}` }) as const
  if (starts.length === 0) return { name, ok: false, detail: 'the sequencer was never started' }
  let seenCount = 0
  for (const [at, start] of starts.entries()) {
    const which = `start ${String(at + 1)}`
    const shut = answersWhileShut(start)
    const silent = shut.map(whatIsHidden).find((what) => what !== undefined)
    if (silent !== undefined) return broke(`${which}: ${silent}`)
    const ignored = shut.length === 0 ? questionsIgnored(start) : undefined
    if (ignored !== undefined) {
      return broke(`${which}: no answer to status and health while the gate was shut, ${ignored}`)
    }
    const unnamed = start.isRestart ? unnamedRecovery(start) : undefined
    if (unnamed !== undefined) return broke(`${which}: ${unnamed}`)
    seenCount += shut.length
  }
  if (seenCount === 0 && starts.some(wasShutForLong)) {
    return { name, ok: false, detail: 'no gate was asked about while it was shut' }
  }
  const detail = `${String(starts.length)} starts; a shut gate gave its reason ${String(seenCount)} times`
  return { name, ok: true, detail }
}

function wasShutForLong({ readyMs = Infinity, openedMs, killedMs }: StartView): boolean {
  return (openedMs ?? killedMs ?? Infinity) - readyMs > MISSED_MS
}

function answersWhileShut({ samples, openedMs = Infinity }: StartView): readonly StatusAnswer[] {
  return samples.flatMap(({ endedMs, answer }) =>
    answer !== undefined && endedMs < openedMs - OPENING_MARGIN_MS ? [answer] : []
  )
}

/**
 * How the node was asked long before its gate opened, and did not answer before it did. The asker may be late
 * himself: a gate that nobody asked about in time says nothing.
 */
function questionsIgnored({ samples, readyMs, openedMs, killedMs }: StartView): string | undefined {
  if (readyMs === undefined) return undefined
  const endMs = openedMs ?? killedMs
  if (endMs === undefined) return 'which never opened'
  const first = samples.find(({ askedMs }) => askedMs >= readyMs && askedMs < endMs - MISSED_MS)
  if (first === undefined || wasTold(samples)) return undefined
  return `asked ${(endMs - first.askedMs).toFixed(0)} ms before its end`
}

/** An answer that came just when the gate opened, and was given before. */
function wasTold(samples: readonly StatusSample[]): boolean {
  return samples.some(({ answer }) => readStatus(answer?.status)?.isGateOpen === false)
}

/** What a client of a node with a shut gate was not told. */
function whatIsHidden({ healthCode, health, status }: StatusAnswer): string | undefined {
  const words = readStatus(status)
  if (words?.isGateOpen !== false) return 'rekindle_status did not say that the gate is shut'
  if (words.reason === undefined) return 'rekindle_status gave no reason for the shut gate'
  if (words.work.length === 0) return 'rekindle_status did not say what is done or awaited'
  if (healthCode !== UNAVAILABLE) return `/health answered ${String(healthCode)} with a shut gate`
  const { ok, state = '' } = readHealth(health) ?? {}
  if (ok !== false || state === '') return '/health did not say what a node with a shut gate does'
  return undefined
}

function unnamedRecovery({ openedMs, recovery }: StartView): string | undefined {
  if (openedMs === undefined) return undefined
  if (recovery === undefined) return 'the gate opened, and no recovery was reported'
  const { sources, lostLayers, firstBlock, stages } = recovery
  const hadWork = lostLayers > 0 || firstBlock !== null
  if (hadWork && sources.length === 0) return 'something was recovered from no named source'
  return stages.length === 0 ? 'the recovery reported no stage' : undefined
}
