// Consecutive leaves of one trie, and the proof that none was left out (protocols/account-range, "Answer").
import {
  LEAF_OVERHEAD_BYTES,
  LeafListWriter,
  STATE_ANSWER_SOFT_BYTES
} from '../../protocols/state-leaves.ts'
import { type AnswerTurns } from '../base/answer-turns.ts'
import { compareBytes } from '../base/bytes.ts'
import { type NodeSource } from '../trie/node-source.ts'
import { iterateEntries } from '../trie/trie-walk.ts'

/** A stretch of keys of one trie. */
export interface LeafStretch {
  readonly source: NodeSource
  readonly root: Uint8Array
  /** Lower keys are left out. */
  readonly origin: Uint8Array
  /** The first key at or above it is the last. */
  readonly limit: Uint8Array
  /** The leaf's value on the wire. */
  readonly toValue: (value: Uint8Array) => Uint8Array
}

/** How much may be collected. */
export interface LeafRoom {
  readonly bytes: number
  /** True where the first leaf comes whatever its size. */
  readonly isFirst: boolean
}

/** What was collected. */
export interface LeafRange {
  readonly leaves: LeafListWriter
  readonly lastKey: Uint8Array | undefined
  /** True when there is nothing above the last key. */
  readonly isEnd: boolean
}

/** Half of what the wire allows: putting an answer together and compressing it are one piece each, of some milliseconds. */
const SERVED_MAX_BYTES: number = STATE_ANSWER_SOFT_BYTES / 2

/** The bytes that an answer may have. */
export function roomOf(maxBytes: number): number {
  return Math.min(maxBytes, SERVED_MAX_BYTES)
}

/** Leaves in the order of their keys, until the limit, the room or the time is reached. Throws TrieError. */
export async function collectLeaves(
  { source, root, origin, limit, toValue }: LeafStretch,
  { bytes, isFirst }: LeafRoom,
  turns: AnswerTurns
): Promise<LeafRange> {
  const leaves = new LeafListWriter()
  let lastKey: Uint8Array | undefined
  for (const { key, value: stored } of iterateEntries(source, root, origin)) {
    const value = toValue(stored)
    const isDue = isFirst && lastKey === undefined
    const isRoom = leaves.sizeBytes + LEAF_OVERHEAD_BYTES + value.length <= bytes
    if (!isDue && !isRoom) return { leaves, lastKey, isEnd: false }
    leaves.add({ hash: key, value })
    lastKey = key
    if (compareBytes(key, limit) >= 0) return { leaves, lastKey, isEnd: false }
    const pause = turns.pause()
    if (pause === undefined) continue
    await pause
    if (turns.isSpent) return { leaves, lastKey, isEnd: false }
  }
  return { leaves, lastKey, isEnd: true }
}
