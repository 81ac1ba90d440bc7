// admin_ methods in op-node's names where it has them; who may call them is admin-access.ts's affair.
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import { type RpcMethod } from './json-rpc.ts'
import { hashParam, parseParams } from './params.ts'

/** A multiaddr with a host name of the longest kind, its port and a peer id. */
const ADDRESS_MAX_CHARS = 512
const addressText = z.string().min(1).max(ADDRESS_MAX_CHARS)

/** The set of backups after a change, as JSON. */
export interface BackupsChange {
  /** The one that was added or removed. */
  readonly peerId: string
  /** All that count from the next recovery on. */
  readonly backups: readonly string[]
}

/** What the methods act on. Each throws RpcError when it refuses, and has changed nothing then. */
export interface AdminPort {
  startSequencer(hash: Hex): void
  /** Resolves with the head's hash once no signed block is on its way any more. */
  stopSequencer(): Promise<Hex>
  isSequencerActive(): boolean
  addBackup(multiaddr: string): Promise<BackupsChange>
  removeBackup(peerId: string): Promise<BackupsChange>
}

/**
 * The methods by name. `admin_postUnsafePayload` is not among them: its payload bears no signature, and a
 * block without one enters the chain only below a signed descendant, which brings it along by itself.
 */
export function adminMethods(port: AdminPort): Record<string, RpcMethod> {
  return {
    admin_startSequencer(params) {
      port.startSequencer(parseParams(params, [hashParam])[0])
    },
    admin_stopSequencer(params) {
      parseParams(params, [])
      return port.stopSequencer()
    },
    admin_sequencerActive(params) {
      parseParams(params, [])
      return port.isSequencerActive()
    },
    admin_addBackup: (params) => port.addBackup(parseParams(params, [addressText])[0]),
    admin_removeBackup: (params) => port.removeBackup(parseParams(params, [addressText])[0])
  }
}
