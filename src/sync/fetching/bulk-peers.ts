// Who is asked for much, the best first; and the fetcher of blocks that asks them.
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { PAYLOAD_BY_NUMBER } from '../../../protocols/payload-by-number/codec.ts'
import { type Status } from '../../../protocols/status/codec.ts'
import { type Clock } from '../../base/clock.ts'
import { type Blame } from '../../peer/blame.ts'
import { type NamedProtocol, type Spoken } from '../protocols/spoken-requests.ts'
import { type PeerBlocksDeps } from './peer-blocks.ts'
import { type BlockFetcher, createBlockFetcher } from './range-fetcher.ts'
import {
  createUnsignedBlocks,
  type UnsignedBlocks,
  type UnsignedBlocksDeps
} from './unsigned-blocks.ts'

/** Where peers are known. */
export interface BulkPeersDeps {
  readonly connected: () => readonly string[]
  /** The last status of a peer, as a hint. */
  readonly claims: { status(peer: string): Pick<Status, 'unsafeNumber'> | undefined }
  readonly blame: Blame
  readonly spoken: Pick<Spoken, 'isAsked' | 'speaks'>
  /** True for a peer that is relied on: strangers get what such peers do not bring. */
  readonly isConfigured: (peer: string) => boolean
}

/** Peers that are connected, speak the protocol, and may be asked for much. */
export function bulkPeers(
  { connected, blame, spoken }: Omit<BulkPeersDeps, 'claims'>,
  protocol: NamedProtocol
): readonly string[] {
  return connected().filter(
    (peer) => !blame.isBenched(peer) && !blame.isBanned(peer) && spoken.isAsked(peer, protocol)
  )
}

/** One for the whole node, so that it remembers who did what. */
export function createNodeFetcher(
  deps: BulkPeersDeps & { readonly clock: Clock },
  blocks: PeerBlocksDeps
): BlockFetcher {
  return createBlockFetcher({
    clock: deps.clock,
    blocks,
    peers: (number) => rankedPeers(deps, number),
    onSlow: (peer, slowness) => void deps.blame.note(peer, slowness),
    isConfigured: deps.isConfigured
  })
}

/** One for the whole node. A peer is asked that says it answers: a node of ours has nothing more by this than by others. */
export function createNodeUnsignedBlocks(
  deps: Omit<BulkPeersDeps, 'claims'> & Pick<UnsignedBlocksDeps, 'clock' | 'named'>,
  requests: Pick<UnsignedBlocksDeps, 'request' | 'verifyPayload' | 'onFalse'>
): UnsignedBlocks {
  const { clock, named, blame, spoken, isConfigured } = deps
  const { request, verifyPayload, onFalse } = requests
  const isSpoken = (peer: string) => spoken.speaks(peer, PAYLOAD_BY_NUMBER) === true
  return createUnsignedBlocks({
    ...{ clock, named, request, verifyPayload, onFalse, isConfigured },
    peers: () => bulkPeers(deps, PAYLOAD_BY_NUMBER).filter(isSpoken),
    onSlow: (peer, slowness) => void blame.note(peer, slowness)
  })
}

/**
 * Those that claim the height first; a claim is a hint, so the others follow. Among them, those that were slow
 * lately come last, and benched ones not at all.
 */
function rankedPeers({ claims, ...deps }: BulkPeersDeps, number: bigint): readonly string[] {
  const unclaimed = (peer: string) => ((claims.status(peer)?.unsafeNumber ?? -1n) >= number ? 0 : 1)
  return bulkPeers(deps, BLOCKS_BY_RANGE)
    .map((peer) => ({ peer, unclaimed: unclaimed(peer), slow: deps.blame.lightCount(peer) }))
    .sort((one, other) => one.unclaimed - other.unclaimed || one.slow - other.slow)
    .map(({ peer }) => peer)
}
