// Which rules hold at a timestamp, and which layout the block message has then (protocols/block-message, BM-4).
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { type ForkTimes } from '../../../protocols/status/fork-digest.ts'

/** A fork that the project knows. */
export type Fork = keyof ForkTimes

/** The forks that brought a layout, newest first; Bedrock, before all of them, is 0. */
const LAYOUT_FORKS = [
  ['isthmus', 3],
  ['ecotone', 2],
  ['canyon', 1]
] as const satisfies readonly (readonly [Fork, TopicVersion])[]

/** True when the fork is scheduled at or before the timestamp, seconds since the Unix epoch. */
export function isForkActive(forks: ForkTimes, fork: Fork, timestamp: bigint): boolean {
  const time = forks[fork]
  return time !== undefined && time <= timestamp
}

/** The version of messages that carry a block of this timestamp, in seconds. */
export function topicVersionAt(forks: ForkTimes, timestamp: bigint): TopicVersion {
  const [, version] = LAYOUT_FORKS.find(([fork]) => isForkActive(forks, fork, timestamp)) ?? []
  return version ?? 0
}
