// What this node says of itself in `status`, and which blocks it shows in `signed_tip`.
import { forkDigest } from '../../protocols/status/fork-digest.ts'
import { type BlockRef, toRef } from '../chain/blocks/block.ts'
import { type Status } from '../../protocols/status/codec.ts'
import { hexToBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { type ChainConfig } from '../chain/genesis/chain-config.ts'
import { type HeldBlocks } from '../sync/protocols/answer-tip.ts'
import { type ChainParts } from './chain-parts.ts'
import { type OpenStores } from './open-stores.ts'

/** The stores that the facts are read from. */
type StatusStores = Pick<OpenStores, 'accepted' | 'blocks' | 'genesis' | 'state'>

/** Where the facts come from. */
export interface OwnStatusDeps {
  readonly clock: Clock
  readonly chain: Pick<ChainParts, 'applier'> & { readonly stores: StatusStores }
  readonly config: ChainConfig
  readonly role: Status['role']
  /** What a majority of the backups reports accepted. */
  readonly replicatedHead: () => bigint | undefined
}

/** Builds the status anew at each call. */
export function createOwnStatus({ clock, chain, config, role, replicatedHead }: OwnStatusDeps) {
  const { stores, applier } = chain
  const genesisHash = hexToBytes(stores.genesis.hash)
  const digest = forkDigest(keccak256, genesisHash, config.forks)
  return (): Status => {
    const head = applier.head()
    const accepted = stores.accepted.highestAccepted()
    const disk = diskPointOfChain(stores, head.number)
    const isHeadReadable = stores.state.isReadable(head.hash)
    return {
      chainId: config.chainId,
      genesisHash,
      forkDigest: digest,
      role,
      unsafeNumber: head.number,
      unsafeHash: hexToBytes(head.hash),
      acceptedNumber: accepted?.number,
      acceptedHash: accepted ? hexToBytes(accepted.hash) : new Uint8Array(32),
      oldestBlock: head.number > 0n ? stores.blocks.history().oldestBlock : undefined,
      oldestState: disk?.number,
      newestState: isHeadReadable ? head.number : disk?.number,
      oldestDiff: stores.blocks.oldestDiff(),
      replicatedNumber: replicatedHead(),
      clockMs: BigInt(clock.nowMs())
    }
  }
}

/** What can be read of our chain: after a power cut the state on disk may be of a block that chain/ has lost. */
function diskPointOfChain({ state }: Pick<StatusStores, 'state'>, headNumber: bigint) {
  const disk = state.diskPoint()
  return disk !== undefined && disk.number <= headNumber ? disk : undefined
}

/** What the blocks are read from that are shown. */
interface HeldStores {
  readonly accepted: Pick<
    OpenStores['accepted'],
    'acceptedAt' | 'acceptedMessage' | 'highestAccepted'
  >
  readonly blocks: Pick<OpenStores['blocks'], 'canonicalHash'>
  readonly genesis: BlockRef
  readonly state: Pick<OpenStores['state'], 'diskPoint'>
}

/** The accepted blocks; `isJoining`: our silence about a block would mean nothing yet. */
export function createHeldBlocks(
  { stores: { accepted, blocks, genesis, state } }: { readonly stores: HeldStores },
  isJoining: () => boolean
): HeldBlocks {
  return {
    highest: () => accepted.highestAccepted(),
    at(number) {
      const canonical = blocks.canonicalHash(number)
      const all = accepted.acceptedAt(number).map(toRef)
      const ours = all.filter(({ hash }) => hash === canonical)
      return [...ours, ...all.filter(({ hash }) => hash !== canonical)]
    },
    message: (hash) => accepted.acceptedMessage(hash),
    genesisHash: genesis.hash,
    isJoining,
    // Whatever was executed was accepted before: a state above all that is held is the trace of what chain/ lost.
    hasLost: () => (state.diskPoint()?.number ?? 0n) > (accepted.highestAccepted()?.number ?? 0n)
  }
}
