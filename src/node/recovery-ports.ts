// Joins recovery's ports to the stores, the applier, the record and the peers.
import { statfsSync } from 'node:fs'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Applier } from '../apply/applier.ts'
import { ApplyError } from '../apply/apply-error.ts'
import { type Block, toRef } from '../chain/blocks/block.ts'
import { type BlockTimes } from '../chain/blocks/block-times.ts'
import { type OpenHoles } from '../sync/holes/open-holes.ts'
import { type VerifyMessage } from '../sync/fetching/peer-blocks.ts'
import { findClockFault } from '../recovery/knowledge/clock-fault.ts'
import { type RecoveryApply } from '../recovery/actions/ports.ts'
import {
  type RecoveryChain,
  type RecoveryPeers,
  type RecoveryRecord,
  type RecoveryState
} from '../recovery/knowledge/ports.ts'
import { type SignedRecord } from '../signer/signed-record.ts'
import { type OpenStores } from './open-stores.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'

/** With less room a node stops building: a flush, a batch and the record must still fit. */
export const DISK_ROOM_MIN_BYTES = 256 * 2 ** 20

/** Our chain and the accepted blocks beside it. */
export function recoveryChain(
  { blocks, accepted }: Pick<OpenStores, 'blocks' | 'accepted'>,
  applier: Applier,
  holes: Pick<OpenHoles, 'missingBlock' | 'unknownHash'>
): RecoveryChain {
  return {
    head: () => toRef(applier.head()),
    missingBlock: (first, last) => holes.missingBlock({ first, last }),
    unknownHash: (first, last) => holes.unknownHash({ first, last }),
    canonicalHash: (number) => blocks.canonicalHash(number),
    acceptedBlock: (hash) => accepted.acceptedBlock(hash),
    acceptedAt: (number) => accepted.acceptedAt(number),
    contestedHeights: () => accepted.contestedHeights(),
    highestAccepted: () => accepted.highestAccepted(),
    accept: (signed) => accepted.accept(signed),
    hasSetAside: () => accepted.hasSetAside,
    isSetAside: (hash) => accepted.setAsideReason(hash) !== undefined,
    setAside: (hashes, reason) => accepted.setAside(hashes, reason)
  }
}

/** Which states can be read. */
export function recoveryState({
  state,
  resetState
}: Pick<OpenStores, 'state' | 'resetState'>): RecoveryState {
  return {
    diskLayer: () => state.diskPoint(),
    isReadable: (hash) => state.isReadable(hash),
    readable() {
      const disk = state.diskPoint()
      const points = Array.from(state.layers(), ({ point }) => toRef(point)).reverse()
      return disk === undefined ? points : [...points, toRef(disk)]
    },
    resetToGenesis: resetState
  }
}

/** An ApplyError is the block's fault and a result; anything else is ours and is thrown. */
export function recoveryApply(
  applier: Applier,
  { accepted }: Pick<OpenStores, 'accepted'>
): RecoveryApply {
  const run = async (work: () => Promise<void>) => {
    try {
      await work()
      return { kind: 'applied' } as const
    } catch (thrown) {
      if (!(thrown instanceof ApplyError)) throw thrown
      return { kind: 'refused', reason: errorMessage(thrown) } as const
    }
  }
  return {
    applyBlock: (block) => run(() => applier.apply(block)),
    replayBlock: (number) => run(() => applier.replay(number)),
    linkBlocks: (path, onLinked, signal) => {
      const block = (hash: Hex) => accepted.acceptedBlock(hash)
      return run(() => applier.link({ path, block, onLinked, signal }))
    }
  }
}

/** Without a record every question is answered as "off". */
export function recoveryRecord(
  record: SignedRecord | undefined,
  verify: VerifyMessage
): RecoveryRecord {
  if (record === undefined) {
    return {
      finding: () => ({ kind: 'off' }),
      hashAt: () => undefined,
      blocksAbove: () => [],
      adopt: () => Promise.resolve(),
      heightsAbove: () => [],
      release: () => Promise.resolve()
    }
  }
  return {
    finding: () => record.finding(),
    hashAt: (number) => record.hashAt(number),
    *blocksAbove(number) {
      for (const block of record.blocksAbove(number)) yield verify(block)
    },
    adopt: (head) => record.adopt(head),
    heightsAbove: (number) => [...record.heightsAbove(number)],
    async release(above) {
      if (record.tip !== undefined) await record.release(above, record.tip.hash)
    }
  }
}

/** Peers as recovery asks and counts them. */
export function recoveryPeers({
  claims,
  clock,
  times,
  headBlock,
  backups,
  connected
}: {
  readonly claims: PeerClaims
  readonly clock: Clock
  readonly times: BlockTimes
  readonly headBlock: () => Block
  readonly backups: () => readonly string[]
  readonly connected: () => readonly string[]
}): RecoveryPeers {
  return {
    connected,
    claimsAbove: (number) => claims.highestClaimed() > number,
    clockFault: () =>
      findClockFault({
        nowMs: clock.nowMs(),
        headTimestampMs: times.timestampMs(headBlock().header),
        backupCount: backups().length,
        readings: claims.clockReadings(backups())
      })
  }
}

/** True while the disk under a directory has room for what comes next. */
export function diskHasRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= DISK_ROOM_MIN_BYTES
}
