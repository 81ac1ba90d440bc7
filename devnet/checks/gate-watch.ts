// Invariant 3 from outside: no block is built between the start of a sequencer and its open gate.
import { type CheckResult } from '../report.ts'

/** A block's step; one while the gate was shut is a breach. */
interface BlockStep {
  readonly step: string
  readonly number: number
}

/**
 * What may follow a step that was taken behind the open gate, when the gate shuts in between: a seal needs no
 * gate, and a signature asks for it before it is written down, so that what is signed goes its way.
 */
const STEP_AFTER: Readonly<Record<string, string>> = {
  built: 'sealed',
  sealed: 'signed',
  signed: 'published'
}

/** Follows one sequencer through its starts; fed by the harness in the order things happened. */
export class GateWatch {
  readonly #breaches: BlockStep[] = []
  #isOpen = false
  /** The last step that was taken behind the open gate, or follows from it. */
  #underWay: BlockStep | undefined
  #startsCount = 0
  #hasOpened = false
  #opensCount = 0
  #cutShortCount = 0

  started(): void {
    this.#isOpen = false
    this.#underWay = undefined
    this.#hasOpened = false
    this.#startsCount += 1
  }

  /** It was killed on purpose: a gate that had not opened by then is not held to have. */
  killed(): void {
    this.#isOpen = false
    this.#underWay = undefined
    if (!this.#hasOpened) this.#cutShortCount += 1
  }

  gate(isOpen: boolean): void {
    this.#isOpen = isOpen
    if (!isOpen || this.#hasOpened) return
    this.#hasOpened = true
    this.#opensCount += 1
  }

  /** A block came to a step, or was seen outside, that nothing before the gate explains. */
  built(step: string, number: number): void {
    if (this.#isOpen) {
      this.#underWay = { step, number }
      return
    }
    const { step: last = '', number: lastNumber } = this.#underWay ?? {}
    if (number !== lastNumber || step !== STEP_AFTER[last]) this.#breaches.push({ step, number })
    // Sealed behind a shut gate: its signature is refused.
    this.#underWay = step === 'sealed' ? undefined : { step, number }
  }

  /** True once a block was built while the gate was shut. */
  get hasBreach(): boolean {
    return this.#breaches.length > 0
  }

  check(): CheckResult {
    const name = 'gate'
    const [breach] = this.#breaches
    if (breach !== undefined) {
      const { step, number } = breach
      const detail = `invariant 3 broke: block ${String(number)} was ${step} while the gate was shut`
      return { name, ok: false, detail }
    }
    if (this.#opensCount + this.#cutShortCount < this.#startsCount) {
      const detail = `the gate opened ${String(this.#opensCount)} times in ${String(this.#startsCount)} starts`
      return { name, ok: false, detail }
    }
    return { name, ok: true, detail: `${String(this.#startsCount)} starts, nothing built before` }
  }
}

/** `secret`: a block that was heard while the gate was shut, and that no start reported to have signed. */
export function checkGates(
  [first, ...others]: readonly [GateWatch, ...GateWatch[]],
  secret: { readonly number: number } | undefined
): CheckResult {
  if (secret !== undefined) {
    const detail = `invariant 3 broke: block ${String(secret.number)} was published while the gate was shut`
    return { name: 'gate', ok: false, detail }
  }
  return others.map((watch) => watch.check()).find(({ ok }) => !ok) ?? first.check()
}
