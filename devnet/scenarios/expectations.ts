// What a scenario of many steps expects on its way, gathered into the one check that is its own.
import { type CheckResult } from '../cluster/report.ts'

/** Notes what was seen; at the end all of it must have been as expected. */
export class Expectations {
  readonly #failures: string[] = []
  readonly #seen: string[] = []

  /** `seen` is what the report says of it, met or not. */
  expect(ok: boolean, seen: string): void {
    if (ok) this.#seen.push(seen)
    else this.#failures.push(seen)
  }

  /** The check; a scenario that expected nothing does not pass. */
  judge(): CheckResult {
    const name = 'recovered-as-expected'
    if (this.#failures.length > 0) {
      return { name, ok: false, detail: `not as expected: ${this.#failures.join('; ')}` }
    }
    return { name, ok: this.#seen.length > 0, detail: this.#seen.join('; ') }
  }
}
