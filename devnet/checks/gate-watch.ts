// Invariant 3 from outside: no block is built between the start of a sequencer and its open gate.
import { type CheckResult } from '../report.ts'

/** One breach: a block step while the gate was shut. */
interface Breach {
  readonly step: string
  readonly number: number
}

/** Follows one sequencer through its starts; fed by the harness in the order things happened. */
export class GateWatch {
  readonly #breaches: Breach[] = []
  #isOpen = false
  #startsCount = 0
  #hasOpened = false
  #opensCount = 0
  #cutShortCount = 0

  started(): void {
    this.#isOpen = false
    this.#hasOpened = false
    this.#startsCount += 1
  }

  /** It was killed on purpose: a gate that had not opened by then is not held to have. */
  killed(): void {
    this.#isOpen = false
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
    if (!this.#isOpen) this.#breaches.push({ step, number })
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
