// What the sequencer's key was seen to sign, from any source: the basis of the equivocation check.
import { type Hex } from '../../src/base/bytes.ts'

/** How far a signed block got. */
export type Sighting =
  /** The harness saw the signature being made, whether or not it left the node. */
  | 'signed'
  /** It reached another node: by gossip at the observer, or served by a backup. */
  | 'announced'

/** One signed block, and everyone who showed it. */
export interface SeenBlock {
  readonly number: number
  readonly hash: Hex
  readonly parentHash: Hex | undefined
  readonly sightings: ReadonlySet<Sighting>
  readonly shownBy: ReadonlySet<string>
  /** The processes that were seen to sign it; empty where only its announcement was seen. */
  readonly signedBy: ReadonlySet<string>
}

interface MutableSeenBlock extends SeenBlock {
  parentHash: Hex | undefined
  readonly sightings: Set<Sighting>
  readonly shownBy: Set<string>
  readonly signedBy: Set<string>
}

/** Collects signed blocks by height over a whole scenario, restarts included. */
export class SignedBlocks {
  readonly #byHash = new Map<Hex, MutableSeenBlock>()

  add(
    block: { readonly number: number; readonly hash: Hex; readonly parentHash?: Hex },
    sighting: Sighting,
    shownBy: string
  ): void {
    const { number, hash, parentHash } = block
    const known: MutableSeenBlock = this.#byHash.get(hash) ?? {
      number,
      hash,
      parentHash,
      sightings: new Set(),
      shownBy: new Set(),
      signedBy: new Set()
    }
    this.#byHash.set(hash, known)
    known.parentHash ??= parentHash
    known.sightings.add(sighting)
    known.shownBy.add(shownBy)
    if (sighting === 'signed') known.signedBy.add(shownBy)
  }

  has(hash: Hex, sighting: Sighting): boolean {
    return this.#byHash.get(hash)?.sightings.has(sighting) ?? false
  }

  /** Heights with more than one block, each with its blocks. */
  doubles(sighting: Sighting): ReadonlyMap<number, readonly SeenBlock[]> {
    const byHeight = new Map<number, SeenBlock[]>()
    for (const block of this.#byHash.values()) {
      if (!block.sightings.has(sighting)) continue
      byHeight.set(block.number, [...(byHeight.get(block.number) ?? []), block])
    }
    return new Map([...byHeight].filter(([, blocks]) => blocks.length > 1))
  }

  announced(): readonly SeenBlock[] {
    return [...this.#byHash.values()].filter(({ sightings }) => sightings.has('announced'))
  }

  countSignedBy(name: string): number {
    return [...this.#byHash.values()].filter(({ signedBy }) => signedBy.has(name)).length
  }

  get count(): number {
    return this.#byHash.size
  }
}
