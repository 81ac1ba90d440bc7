// How far backups were behind the sequencer, and which slots had no block in time. Pure over what was noted.

/** One node set its head. */
export interface HeadNote {
  readonly node: string
  readonly number: number
  /** By the node's own report: the soak itself may have been busy when that came in. */
  readonly atMs: number
}

/** From when to when, by the wall clock. */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/**
 * The most blocks that each backup was behind within the span, at the moments when the sequencer set a new head.
 * One that set none in the span is as far behind as the sequencer came. Notes in any order.
 */
export function worstLags(
  notes: readonly HeadNote[],
  { sequencer, backups, span }: { sequencer: string; backups: readonly string[]; span: Span }
): ReadonlyMap<string, number> {
  const heads = new Map<string, number>()
  const lags = new Map<string, number>(backups.map((name) => [name, 0]))
  for (const { node, number, atMs } of notes.toSorted((one, other) => one.atMs - other.atMs)) {
    if (atMs > span.endMs) break
    heads.set(node, Math.max(number, heads.get(node) ?? 0))
    if (node !== sequencer || atMs < span.startMs) continue
    for (const backup of backups) {
      // The block that the sequencer just made head is on its way: it counts with the next one.
      const behind = number - (heads.get(backup) ?? 0)
      lags.set(backup, Math.max(behind, lags.get(backup) ?? 0))
    }
  }
  return lags
}

/** Slots, and how late the latest of their blocks was heard after its time. */
export interface SlotFindings {
  readonly slotsCount: number
  /** Heights whose block was not heard before the next slot began. */
  readonly missed: readonly number[]
  readonly latestMs: number
}

/** The slots that lie in the span whole. Heights count slots from genesis: no slot is left out of the chain. */
export function findMissedSlots(
  heardAtMs: ReadonlyMap<number, number>,
  { genesisMs, blockTimeMs, span }: { genesisMs: number; blockTimeMs: number; span: Span }
): SlotFindings {
  const first = Math.ceil((span.startMs - genesisMs) / blockTimeMs)
  const end = Math.floor((span.endMs - genesisMs) / blockTimeMs)
  const missed: number[] = []
  let latestMs = 0
  for (let number = first; number < end; number++) {
    const lateMs = (heardAtMs.get(number) ?? Infinity) - genesisMs - number * blockTimeMs
    latestMs = Math.max(latestMs, lateMs)
    if (lateMs >= blockTimeMs) missed.push(number)
  }
  return { slotsCount: Math.max(0, end - first), missed, latestMs }
}
