// Serves a range of heights, whatever is sent of each (protocols/blocks-by-range, state-diffs-by-range).
import { type RangeRequest } from '../../../protocols/range-request.ts'

/** What is sent of a height, and how much it counts. */
export interface RangeSource<Item> {
  /** Undefined where it is not served. */
  readonly read: (number: bigint) => Item | undefined
  readonly sizeBytes: (item: Item) => number
}

/** In ascending order until one is missing; at least the first, and no more than fit into `maxBytes`. */
export function* serveRange<Item>(
  { read, sizeBytes }: RangeSource<Item>,
  { start, count, maxBytes }: RangeRequest
): Generator<Item> {
  let sentBytes = 0
  for (let offset = 0n; offset < count; offset++) {
    const item = read(start + offset)
    if (item === undefined) return
    sentBytes += sizeBytes(item)
    if (offset > 0n && sentBytes > maxBytes) return
    yield item
  }
}
