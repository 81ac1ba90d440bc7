// Which live layers have a state root: peers ask for a state by it, and blocks that change nothing share one.
import { type Hex } from '../base/bytes.ts'
import { type StatePoint } from './state-view.ts'

/** Points by root; those that share one in the order in which they came. */
export class RootIndex {
  readonly #points = new Map<Hex, StatePoint[]>()

  add(point: StatePoint): void {
    const points = this.#points.get(point.root)
    if (points === undefined) this.#points.set(point.root, [point])
    else points.push(point)
  }

  remove({ hash, root }: StatePoint): void {
    const left = this.#points.get(root)?.filter((point) => point.hash !== hash) ?? []
    if (left.length === 0) this.#points.delete(root)
    else this.#points.set(root, left)
  }

  /** The last one that came, which stays readable longest. */
  find(root: Hex): StatePoint | undefined {
    return this.#points.get(root)?.at(-1)
  }
}
