// Whether a backup may speak for the chain yet: not before one that began with an empty store has caught up once.
import { z } from 'zod'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { createNamedValue, type NamedValue } from '../chain/stored/named-value.ts'
import { type RecoveryStatus } from '../recovery/recovery.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { type NodeConfig } from '../config/node-config.ts'

/** What joining is told by. */
export interface JoiningDeps {
  readonly log: Log
  readonly stored: NamedValue<boolean>
  readonly accepted: { highestAccepted(): BlockRef | undefined }
  readonly recovery: {
    status(): Pick<RecoveryStatus, 'blockAction' | 'hasUnasked' | 'heard'>
  }
  readonly connected: () => readonly string[]
}

/** Whether this node joins, and by whose word that ends. */
export interface Joining {
  /** Asks anew each time, until it is over. */
  readonly isJoining: () => boolean
  /** As isJoining, for those who only look: what it finds ends nothing. */
  readonly looksJoining: () => boolean
  /** Peer ids that the config names. */
  readonly awaited: readonly string[]
}

/** True from the first start on an empty store until it has caught up, over restarts: gossip fills it at any end. */
export function storedJoining(chainStore: KeyValueStore): NamedValue<boolean> {
  return createNamedValue<boolean>(chainStore, 'joining', (json) => z.boolean().parse(json))
}

/**
 * On disk before anything is accepted, when it resolves. A mark that cannot be taken away later makes the next start
 * join once more, which costs nothing but the time. Throws ChainError, StoreError.
 */
export async function createJoining(
  { log, stored, accepted, recovery, connected }: JoiningDeps,
  { role, backups, peers }: Pick<NodeConfig, 'role' | 'backups' | 'peers'>
): Promise<Joining> {
  const awaited = [...backups, ...peers].map(({ peerId }) => peerId)
  const isMarked = stored.load() === true
  let hasJoined = role === 'sequencer' || (accepted.highestAccepted() !== undefined && !isMarked)
  if (!hasJoined && !isMarked) await stored.save(true)
  if (!hasJoined && awaited.length === 0) {
    const exit = 'name the sequencer under peers, by /p2p/ and its peer id if it dials this node'
    log.warn('joining-for-ever', { exit })
  }
  const hasCaughtUp = () => {
    // Claims are hints that anybody can make: what counts is that a peer named by the operator was asked, spoke for
    // its store, and showed no more. Which side dialled does not matter.
    const { blockAction, hasUnasked, heard } = recovery.status()
    const there = connected()
    const isAnybodyThere = awaited.some((peer) => heard.has(peer) && there.includes(peer))
    const hasAll = blockAction?.action === 'follow' && blockAction.gap === undefined
    return hasAll && isAnybodyThere && !hasUnasked
  }
  const isJoining = () => {
    if (hasJoined) return false
    hasJoined = hasCaughtUp()
    if (hasJoined) {
      stored.save(false).catch((thrown: unknown) => {
        log.warn('joining-mark-not-removed', { reason: errorMessage(thrown) })
      })
    }
    return !hasJoined
  }
  const looksJoining = () => !hasJoined && !hasCaughtUp()
  return { isJoining, looksJoining, awaited }
}
