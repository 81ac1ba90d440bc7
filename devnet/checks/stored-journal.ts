// The journal as a clean stop left it: which state it is of, how far it reaches, whether every layer links.
import { type Hex } from '../../src/base/bytes.ts'
import { readJournal } from '../../src/state/read-journal.ts'

/** What a journal says of itself, and the first thing in it that is not sound. */
export interface StoredJournal {
  /** Hash of the block whose state the database holds. */
  readonly diskHash: Hex | undefined
  /** The last layer; undefined when there is none. */
  readonly tip: { readonly number: number; readonly hash: Hex; readonly root: Hex } | undefined
  readonly fault: string | undefined
}

/** Undefined when there is no such file. Rejects when it cannot be read. */
export async function readStoredJournal(path: string): Promise<StoredJournal | undefined> {
  const read = await readJournal(path)
  if (read === undefined) return undefined
  const { disk, layers, damage } = read
  const known = new Set<Hex | undefined>([disk?.hash])
  let fault = damage && `${damage.reason} at byte ${String(damage.offset)}`
  for (const { point, parentHash } of layers) {
    if (!known.has(parentHash))
      fault ??= `the layer of block ${String(point.number)} links to nothing`
    known.add(point.hash)
  }
  const last = layers.at(-1)?.point
  const tip = last && { number: Number(last.number), hash: last.hash, root: last.root }
  return { diskHash: disk?.hash, tip, fault }
}
