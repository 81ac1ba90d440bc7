// Invariant 3: what a process said of its gate and its blocks, in its own order, and whether that explains every block.
import { type Hex } from '../../src/base/bytes.ts'
import { type BlockFacts, type NodeMessage } from './messages.ts'
import { type CheckResult } from './report.ts'

/** Where the block is that a process builds; its hash is unknown before the seal, its number before it is built. */
type UnderWay =
  | { readonly step: 'begun' }
  | { readonly step: 'built'; readonly number: number }
  | { readonly step: 'sealed' | 'passed' | 'signed'; readonly block: BlockFacts }

/**
 * Follows one start by its own reports: it numbers them, and they come by one channel in their order. When they are
 * read, and what else is heard meanwhile, plays no part.
 */
export class GateWatch {
  readonly #breaches: string[] = []
  readonly #signed = new Set<Hex>()
  #reportsCount = 0
  #isOpen = false
  #hasOpened = false
  #underWay: UnderWay | undefined

  /** Takes the next report, of whatever kind. */
  take(message: NodeMessage): void {
    this.#reportsCount += 1
    if (message.seq !== this.#reportsCount) {
      this.#break(message, `report ${String(this.#reportsCount)} is missing`)
      this.#reportsCount = message.seq
    }
    if (message.event === 'gate') this.#gate(message.open)
    else if (message.event === 'gate-passed') this.#passed(message)
    else if (message.event === 'step' && message.block !== undefined) {
      this.#step(message, message.step, message.block)
    }
  }

  /** True once something was done that the gate does not allow. */
  get hasBreach(): boolean {
    return this.#breaches.length > 0
  }

  get breaches(): readonly string[] {
    return this.#breaches
  }

  get hasOpened(): boolean {
    return this.#hasOpened
  }

  /** True of a block that passed the open gate and whose signature was reported after that. */
  hasSigned(hash: Hex): boolean {
    return this.#signed.has(hash)
  }

  /** The block that passed the open gate last, and of whose signature nothing was said. */
  get unreported(): BlockFacts | undefined {
    return this.#underWay?.step === 'passed' ? this.#underWay.block : undefined
  }

  #gate(isOpen: boolean): void {
    this.#isOpen = isOpen
    this.#hasOpened ||= isOpen
  }

  /** The gate was asked and let through: the block that is sealed, or else one that is begun. */
  #passed(message: NodeMessage): void {
    const last = this.#underWay
    if (!this.#isOpen) this.#break(message, 'a block passed the gate while it was shut')
    else if (last?.step === 'sealed') this.#underWay = { step: 'passed', block: last.block }
    else this.#underWay = { step: 'begun' }
  }

  /** A block is built once it passed the open gate; each further step needs the one before, of the same block. */
  #step(message: NodeMessage, step: string, block: BlockFacts): void {
    const last = this.#underWay
    const { number, hash } = block
    const isNext = (before: 'passed' | 'signed') =>
      last?.step === before && last.block.hash === hash
    switch (step) {
      case 'built':
        if (!this.#isOpen) this.#breakStep(message, block, 'built while the gate was shut')
        // A sealed block may have been given up just before: what passed is this one then.
        else if (last?.step !== 'begun' && last?.step !== 'passed') {
          this.#breakStep(message, block, 'built and did not pass the open gate')
        }
        this.#underWay = { step: 'built', number }
        return
      case 'sealed':
        if (last?.step !== 'built' || last.number !== number) {
          this.#breakStep(message, block, 'sealed and not built before')
        }
        this.#underWay = { step: 'sealed', block }
        return
      case 'signed':
        if (isNext('passed')) this.#signed.add(hash)
        else this.#breakStep(message, block, 'signed and did not pass the open gate')
        this.#underWay = { step: 'signed', block }
        return
      case 'published':
        if (!isNext('signed')) this.#breakStep(message, block, 'published and not signed before')
        this.#underWay = undefined
    }
  }

  #breakStep(message: NodeMessage, { number }: BlockFacts, what: string): void {
    this.#break(message, `block ${String(number)} was ${what}`)
  }

  #break({ seq, atMs }: NodeMessage, what: string): void {
    const time = new Date(atMs).toISOString()
    this.#breaches.push(`${what} (its report ${String(seq)}, ${time})`)
  }
}

/** One start of one node, as the gate check needs it. */
export interface WatchedStart {
  readonly name: string
  /** Only these have a gate that must open, unless the start was killed before. */
  readonly isSequencer: boolean
  readonly wasKilled: boolean
  readonly watch: GateWatch
}

/** Blocks of the key that others than their signer's reports show. */
export interface ShownBlocks {
  /** They reached another node: by gossip, or served by a backup. */
  readonly announced: readonly BlockFacts[]
  /** A signed record holds them. */
  readonly recorded: readonly BlockFacts[]
}

/**
 * Every block that is shown was signed behind the open gate by some start. One that nobody reported is explained
 * only by a process that was killed between signature and report: the last that it said must be that this very
 * block passed the open gate. It is named.
 */
export function checkGates(
  starts: readonly WatchedStart[],
  { announced, recorded }: ShownBlocks
): CheckResult {
  const name = 'gate'
  const broke = (detail: string) => ({ name, ok: false, detail }) as const
  const titled = starts.map((start, at) => {
    const count = starts.slice(0, at + 1).filter((other) => other.name === start.name).length
    return { ...start, title: `${start.name}, start ${String(count)}` }
  })
  for (const { title, watch } of titled) {
    const [breach] = watch.breaches
    if (breach !== undefined) return broke(`invariant 3 broke: ${title}: ${breach}`)
  }
  const sequencers = titled.filter(({ isSequencer }) => isSequencer)
  const shut = sequencers.find(({ watch, wasKilled }) => !watch.hasOpened && !wasKilled)
  if (shut !== undefined) return broke(`${shut.title}: the gate never opened`)
  if (sequencers.length === 0) return broke('no sequencer was started')
  const cutShort = new Map<Hex, string>()
  for (const { number, hash } of [...announced, ...recorded]) {
    if (starts.some(({ watch }) => watch.hasSigned(hash))) continue
    const dead = titled.find(({ wasKilled, watch }) => wasKilled && watch.unreported?.hash === hash)
    if (dead === undefined) {
      const how = announced.some((block) => block.hash === hash) ? 'announced' : 'on record'
      return broke(
        `invariant 3 broke: block ${String(number)} (${hash}) is ${how}, and nobody reported to have signed it behind the open gate`
      )
    }
    cutShort.set(hash, `block ${String(number)} of ${dead.title}`)
  }
  const apart =
    cutShort.size === 0
      ? ''
      : `; killed between the open gate and the report of the signature: ${[...cutShort.values()].join('; ')}`
  const detail = `${String(sequencers.length)} starts, nothing built before${apart}`
  return { name, ok: true, detail }
}
