// Who counts for the quorum now: the backups of the config, and those that an operator added while it ran.
import { z } from 'zod'
import { LruMap } from '../base/lru.ts'
import { NodeError } from '../base/node-error.ts'
import { createNamedValue } from '../chain/stored/named-value.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { BACKUPS_MAX } from '../peer/configured-peers.ts'
import { type PeerAddress } from '../config/node-config.ts'

/** Why a backup cannot be added or removed. */
export type RosterFailure =
  | { readonly code: 'backup-known'; readonly peerId: string }
  | { readonly code: 'backup-is-self'; readonly peerId: string }
  | { readonly code: 'backups-full'; readonly backupsMax: number }
  | { readonly code: 'backup-unknown'; readonly peerId: string }
  | { readonly code: 'backup-configured'; readonly peerId: string }

/** Thrown to the operator; nothing has changed then. */
export class RosterError extends NodeError<RosterFailure> {}

/** Where those that were added are kept. */
export interface AddedBackups {
  load(): readonly PeerAddress[] | undefined
  save(backups: readonly PeerAddress[]): Promise<void>
}

/** What is stored: by itself it says whom to dial. */
const addedBackups = z.array(z.object({ multiaddr: z.string(), peerId: z.string() }))

/** The backups that an operator added to those of the config. */
export function storedAdditions(chainStore: KeyValueStore): AddedBackups {
  return createNamedValue<readonly PeerAddress[]>(chainStore, 'added-backups', (json) =>
    addedBackups.parse(json)
  )
}

/**
 * The set of backups of one sequencer. What is added at runtime is kept with the databases, since a backup
 * that counted once has to be dialled and asked after a restart too; the config file is the operator's and
 * is not written. Where the data directory is lost so are the additions: name lasting backups in the config.
 */
export class BackupRoster {
  readonly #configured: readonly PeerAddress[]
  readonly #stored: AddedBackups
  readonly #ownPeerId: string
  readonly #others: readonly PeerAddress[]
  /** One may be removed while the gate opens under a set that it still is of. */
  readonly #removed = new LruMap<string, string>(BACKUPS_MAX)
  #added: readonly PeerAddress[]

  /** `others`: peers of the config that are no backups now, and may have been. */
  constructor(
    stored: AddedBackups,
    {
      configured,
      ownPeerId,
      others = []
    }: {
      readonly configured: readonly PeerAddress[]
      readonly ownPeerId: string
      readonly others?: readonly PeerAddress[]
    }
  ) {
    this.#configured = configured
    this.#others = others
    this.#stored = stored
    this.#ownPeerId = ownPeerId
    const known = new Set([...configured.map(({ peerId }) => peerId), ownPeerId])
    const added = (stored.load() ?? []).filter(({ peerId }) => !known.has(peerId))
    this.#added = added.slice(0, Math.max(0, BACKUPS_MAX - configured.length))
  }

  /** Peer ids, the config's first. */
  ids(): readonly string[] {
    return [...this.#configured, ...this.#added].map(({ peerId }) => peerId)
  }

  /** Where a peer is reached that is a backup, a peer of the config, or was removed by this process. */
  addressOf(peerId: string): string | undefined {
    const known = [...this.#configured, ...this.#added, ...this.#others]
    const found = known.find((peer) => peer.peerId === peerId)
    return found?.multiaddr ?? this.#removed.get(peerId)
  }

  /** Those that no config names. */
  added(): readonly PeerAddress[] {
    return this.#added
  }

  /** On disk when it resolves. Throws RosterError. */
  async add(backup: PeerAddress): Promise<void> {
    const { peerId } = backup
    if (peerId === this.#ownPeerId) throw new RosterError({ code: 'backup-is-self', peerId })
    const ids = this.ids()
    if (ids.includes(peerId)) throw new RosterError({ code: 'backup-known', peerId })
    if (ids.length >= BACKUPS_MAX) {
      throw new RosterError({ code: 'backups-full', backupsMax: BACKUPS_MAX })
    }
    await this.#replace([...this.#added, backup])
  }

  /** Only what was added here; the config's are the config's. On disk when it resolves. Throws RosterError. */
  async remove(peerId: string): Promise<void> {
    if (this.#configured.some((backup) => backup.peerId === peerId)) {
      throw new RosterError({ code: 'backup-configured', peerId })
    }
    const left = this.#added.filter((backup) => backup.peerId !== peerId)
    if (left.length === this.#added.length) {
      throw new RosterError({ code: 'backup-unknown', peerId })
    }
    const address = this.addressOf(peerId)
    if (address !== undefined) this.#removed.set(peerId, address)
    await this.#replace(left)
  }

  /** The set changes before it is on disk, so that two calls at once see each other. */
  async #replace(added: readonly PeerAddress[]): Promise<void> {
    const before = this.#added
    this.#added = added
    try {
      await this.#stored.save(added)
    } catch (thrown) {
      if (this.#added === added) this.#added = before
      throw thrown
    }
  }
}
