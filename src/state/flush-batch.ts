// What one flush writes, and where LevelDB then stands: entries, and with them the block they are of.
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { openValue, sealValue } from '../store/checked-value.ts'
import { type BatchOperation, type KeyValueStore } from '../store/key-value-store.ts'
import { soleKey, STATE_PREFIX } from '../store/keys.ts'
import { toOperation } from './entry-key.ts'
import { StateError } from './state-error.ts'
import { type StatePoint } from './state-view.ts'
import { type WriteBuffer } from './write-buffer.ts'

const POINT_KEY = soleKey(STATE_PREFIX.point)

/** Deletions first: what an account that was wiped wrote afterwards stays. */
export function* flushOperations({
  wiped,
  buffer,
  point
}: {
  readonly wiped: readonly Uint8Array[]
  readonly buffer: WriteBuffer
  readonly point: StatePoint
}): Generator<BatchOperation, void, undefined> {
  for (const key of wiped) yield { type: 'del', key }
  for (const [key, value] of buffer.entries()) yield toOperation(key, value)
  yield pointOperation(point)
}

/** The write of what LevelDB stands for. */
export function pointOperation(point: StatePoint): BatchOperation {
  return { type: 'put', key: POINT_KEY, value: encodePoint(point) }
}

/** What LevelDB stands for; undefined in a database without state. Throws StateError when it is damaged. */
export function readPoint(store: Pick<KeyValueStore, 'get'>): StatePoint | undefined {
  const stored = store.get(POINT_KEY)
  if (stored === undefined) return undefined
  const body = openValue(POINT_KEY, stored)
  if (body === undefined) {
    throw new StateError({ code: 'entry-damaged', key: bytesToHex(POINT_KEY), reason: 'checksum' })
  }
  const { number, hash, root } = JSON.parse(Buffer.from(body).toString()) as {
    readonly number: string
    readonly hash: Hex
    readonly root: Hex
  }
  return { number: BigInt(number), hash, root }
}

function encodePoint({ number, hash, root }: StatePoint): Uint8Array {
  const text = JSON.stringify({ number: number.toString(), hash, root })
  return sealValue(POINT_KEY, new TextEncoder().encode(text))
}
