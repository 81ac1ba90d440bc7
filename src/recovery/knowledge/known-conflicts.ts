// Two blocks of our key where there may be one: seen in answers, gossip, record and store (src/recovery/README.md, "Decisions").
import { type Hex } from '../../base/bytes.ts'
import { createYielder, type Yielder } from '../../base/yielder.ts'
import { type BlockRef, toRef } from '../../chain/blocks/block.ts'
import { type Conflict, type KnownRecord } from '../decide/findings.ts'
import { type RecoveryChain } from './ports.ts'

/** Conflicts kept as evidence; more add nothing an operator could use. */
const CONFLICTS_MAX = 64
/** Peers named for each. */
const HOLDERS_MAX = 16

/** What is known, by the hash of the other block; the blocks themselves are in the accepted store. */
export class KnownConflicts {
  readonly #chain: RecoveryChain
  readonly #known = new Map<Hex, Conflict>()
  readonly #traced = new Set<Hex>()

  constructor(chain: RecoveryChain) {
    this.#chain = chain
  }

  get size(): number {
    return this.#known.size
  }

  all(): readonly Conflict[] {
    return [...this.#known.values()]
  }

  note({ ours, other, holders }: Conflict): void {
    const known = this.#known.get(other.hash)
    if (this.#known.size >= CONFLICTS_MAX && known === undefined) return
    const all = [...new Set([...(known?.holders ?? []), ...holders])].slice(0, HOLDERS_MAX)
    this.#known.set(other.hash, { ours: toRef(ours), other: toRef(other), holders: all })
  }

  /** An operator decided against the other block. */
  drop(other: Hex): void {
    this.#known.delete(other)
  }

  /** One whose other branch was not looked for yet with the peers there are. */
  untraced(): Conflict | undefined {
    return this.all().find(({ other }) => !this.#traced.has(other.hash))
  }

  noteTraced(other: Hex): void {
    this.#traced.add(other)
  }

  /** Peers came or went: what nobody could serve may be served now. */
  retrace(): void {
    this.#traced.clear()
  }

  /** A conflict lasts over restarts: what is stored beside our chain was signed by our key. */
  async findStored(yielder: Yielder = createYielder()): Promise<void> {
    for (const number of this.#chain.accepted.contestedHeights()) {
      await yielder.maybeYield()
      const canonical = this.#chain.blocks.canonicalHash(number)
      if (canonical === undefined) continue
      const other = this.#chain.accepted.acceptedAt(number).find(({ hash }) => hash !== canonical)
      if (other === undefined) continue
      this.note({ ours: { number, hash: canonical }, other, holders: ['self'] })
    }
  }

  /** What came beside these blocks above `floor` while they became our chain: nobody had looked for it since. */
  async findBeside(floor: BlockRef, path: readonly Hex[]): Promise<void> {
    const yielder = createYielder()
    for (const [index, hash] of path.entries()) {
      const number = floor.number + 1n + BigInt(index)
      if (this.#chain.blocks.canonicalHash(number) !== hash) return
      for (const other of this.#chain.accepted.acceptedAt(number)) {
        if (other.hash !== hash) this.note({ ours: { number, hash }, other, holders: ['self'] })
      }
      await yielder.maybeYield()
    }
  }

  /** One already seen, or one between our chain and the accepted store or the record. */
  first(head: BlockRef, finding: KnownRecord): Conflict | undefined {
    for (const conflict of this.#known.values()) return conflict
    for (const other of this.#chain.accepted.acceptedAt(head.number)) {
      if (other.hash !== head.hash) return { ours: head, other, holders: ['self'] }
    }
    const tip = finding.kind === 'good' || finding.kind === 'torn' ? finding.tip : undefined
    if (tip === undefined || tip.number > head.number) return undefined
    const ours = this.#chain.blocks.canonicalHash(tip.number)
    if (ours === undefined || ours === tip.hash) return undefined
    return { ours: { number: tip.number, hash: ours }, other: tip, holders: ['record'] }
  }
}
