// Block topics: `/optimism/<chainId>/<version>/blocks` (README.md, "Topics").
import { type TopicVersion } from '../block-message/codec.ts'

/** A block topic taken apart. */
export interface BlocksTopic {
  readonly chainId: bigint
  readonly version: TopicVersion
}

/** All topic versions, oldest first. A node subscribes to each of them. */
export const TOPIC_VERSIONS: readonly TopicVersion[] = [0, 1, 2, 3]

const TOPIC_PATTERN = /^\/optimism\/(0|[1-9][0-9]{0,77})\/([0-3])\/blocks$/

/** The topic of one version on one chain. */
export function blocksTopic(chainId: bigint, version: TopicVersion): string {
  return `/optimism/${chainId.toString()}/${version.toString()}/blocks`
}

/** The parts of a block topic; undefined for any other topic. */
export function parseBlocksTopic(topic: string): BlocksTopic | undefined {
  const [, chainId, version] = TOPIC_PATTERN.exec(topic) ?? []
  if (chainId === undefined || version === undefined) return undefined
  return { chainId: BigInt(chainId), version: Number(version) as TopicVersion }
}
