// What a signed record holds, by height: where each entry lies, the tip, and what was set aside.
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { ENTRY_HEAD_BYTES, HASH_BYTES, HASH_IN_BODY, type RecordEntry } from './record-format.ts'

/** Blocks set aside by releases, in all; a release of more is refused. */
export const SET_ASIDE_MAX = 65_536

/** Offset of the first height within the body of a `heights` entry. */
const HEIGHTS_IN_ENTRY = ENTRY_HEAD_BYTES + 9
const HASH_IN_ENTRY = ENTRY_HEAD_BYTES + HASH_IN_BODY

/** Consecutive heights: of a `heights` entry, where only hashes are left, or of entries one by one. */
type Segment =
  | {
      readonly kind: 'hashes'
      readonly first: bigint
      count: number
      /** Where the hash of the first height lies. */
      readonly hashesOffset: number
    }
  | { readonly kind: 'entries'; readonly first: bigint; readonly offsets: number[] }

/** A stretch of hashes, or one whole entry. */
export type IndexSpan =
  | {
      readonly kind: 'hashes'
      readonly first: bigint
      readonly count: number
      readonly hashesOffset: number
    }
  | {
      readonly kind: 'entry'
      readonly number: bigint
      readonly offset: number
      readonly hashOffset: number
    }

/** Where a height is to be found. */
export interface HeightPlace {
  /** Where its 32-byte hash lies. */
  readonly hashOffset: number
  /** Where its own entry begins; undefined when only the hash was kept. */
  readonly entryOffset: number | undefined
}

/** Eight bytes of memory for each height that still has its entry, some more for each stretch of hashes. */
export class RecordIndex {
  readonly #readHash: (offset: number) => Hex
  readonly #segments: Segment[] = []
  readonly #setAside = new Map<Hex, BlockRef>()
  #tip: BlockRef | undefined

  /** `readHash` reads 32 bytes of the file that the offsets are of. */
  constructor(readHash: (offset: number) => Hex) {
    this.#readHash = readHash
  }

  /** The highest block that was signed or adopted; undefined when there is none. */
  get tip(): BlockRef | undefined {
    return this.#tip
  }

  /** Blocks that an operator set aside. */
  get setAside(): ReadonlyMap<Hex, BlockRef> {
    return this.#setAside
  }

  /** Takes in the entry that begins at `offset`. False when it cannot follow what came before it. */
  apply(entry: RecordEntry, offset: number): boolean {
    switch (entry.kind) {
      case 'signed':
        return this.#addEntry(entry, offset)
      case 'adopted':
        if (entry.hash === this.#tip?.hash) return entry.number === this.#tip.number
        return this.#addEntry(entry, offset)
      case 'heights':
        return this.#addHashes(entry, offset)
      case 'set-aside':
        return this.#addSetAside(entry)
      case 'released':
        return this.#release(entry)
    }
  }

  place(number: bigint): HeightPlace | undefined {
    const segment = this.#segmentOf(number)
    if (segment === undefined) return undefined
    const index = Number(number - segment.first)
    if (segment.kind === 'hashes') {
      const hashOffset = segment.hashesOffset + index * HASH_BYTES
      return { hashOffset, entryOffset: undefined }
    }
    const entryOffset = segment.offsets[index]!
    return { hashOffset: entryOffset + HASH_IN_ENTRY, entryOffset }
  }

  hashAt(number: bigint): Hex | undefined {
    const place = this.place(number)
    return place && this.#readHash(place.hashOffset)
  }

  /** Heights from `first` on that are held, ascending. */
  *heights(first: bigint): Generator<bigint> {
    for (const segment of this.#segments) {
      const end = segmentEnd(segment)
      let number = first > segment.first ? first : segment.first
      for (; number < end; number++) yield number
    }
  }

  /** All that is held, ascending. What is added meanwhile comes too. */
  *spans(): Generator<IndexSpan> {
    for (const segment of this.#segments) {
      if (segment.kind === 'hashes') {
        yield segment
        continue
      }
      for (let index = 0; index < segment.offsets.length; index++) {
        const number = segment.first + BigInt(index)
        const offset = segment.offsets[index]!
        yield { kind: 'entry', number, offset, hashOffset: offset + HASH_IN_ENTRY }
      }
    }
  }

  /** Where the lowest entry that is still whole begins. */
  firstEntryOffset(): number | undefined {
    for (const segment of this.#segments) {
      if (segment.kind === 'entries') return segment.offsets[0]
    }
    return undefined
  }

  /** How many heights are held above this one, counted no further than `max`. */
  countAbove(above: bigint, max: number): number {
    let count = 0
    for (const segment of this.#segments) {
      const start = above >= segment.first ? above + 1n : segment.first
      const end = segmentEnd(segment)
      if (end > start) count = Math.min(max, count + Number(end - start))
    }
    return count
  }

  #addEntry({ number, hash }: BlockRef, offset: number): boolean {
    if (this.#tip !== undefined && number <= this.#tip.number) return false
    const last = this.#segments.at(-1)
    if (last?.kind === 'entries' && segmentEnd(last) === number) last.offsets.push(offset)
    else this.#segments.push({ kind: 'entries', first: number, offsets: [offset] })
    this.#tip = { number, hash }
    this.#setAside.delete(hash)
    return true
  }

  #addHashes(entry: RecordEntry & { readonly kind: 'heights' }, offset: number): boolean {
    const { first, hashes } = entry
    if (this.#tip !== undefined && first <= this.#tip.number) return false
    const count = hashes.length / HASH_BYTES
    const hashesOffset = offset + HEIGHTS_IN_ENTRY
    this.#segments.push({ kind: 'hashes', first, count, hashesOffset })
    const number = first + BigInt(count) - 1n
    this.#tip = { number, hash: bytesToHex(hashes.subarray(-HASH_BYTES)) }
    return true
  }

  #addSetAside({ number, hash }: BlockRef): boolean {
    if (!this.#setAside.has(hash) && this.#setAside.size >= SET_ASIDE_MAX) return false
    this.#setAside.set(hash, { number, hash })
    return true
  }

  #release({ above, lastHash }: { above: bigint; lastHash: Hex }): boolean {
    const tip = this.#tip
    if (tip?.hash !== lastHash || tip.number <= above) return false
    for (const number of this.heights(above + 1n)) {
      const hash = this.hashAt(number)
      if (hash === undefined || !this.#addSetAside({ number, hash })) return false
    }
    this.#cutAbove(above)
    const last = this.#segments.at(-1)
    const number = last && segmentEnd(last) - 1n
    const hash = number === undefined ? undefined : this.hashAt(number)
    this.#tip = number === undefined || hash === undefined ? undefined : { number, hash }
    return true
  }

  #cutAbove(above: bigint): void {
    for (let last = this.#segments.at(-1); last !== undefined; last = this.#segments.at(-1)) {
      if (segmentEnd(last) <= above + 1n) return
      if (last.first > above) {
        this.#segments.pop()
        continue
      }
      const keptCount = Number(above + 1n - last.first)
      if (last.kind === 'hashes') last.count = keptCount
      else last.offsets.length = keptCount
    }
  }

  /** Segments ascend and do not overlap. */
  #segmentOf(number: bigint): Segment | undefined {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (segmentEnd(this.#segments[middle]!) <= number) low = middle + 1
      else high = middle
    }
    const found = this.#segments[low]
    return found !== undefined && found.first <= number ? found : undefined
  }
}

/** One above the segment's last height. */
function segmentEnd(segment: Segment): bigint {
  const count = segment.kind === 'hashes' ? segment.count : segment.offsets.length
  return segment.first + BigInt(count)
}
