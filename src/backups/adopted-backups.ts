// The backups that counted when the gate last opened, stored with their addresses: one that has left the set since is asked once more.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { createNamedValue, type NamedValue } from '../chain/stored/named-value.ts'
import { type StoredBackups } from '../recovery/knowledge/ports.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'

/** One of the set. */
export interface AdoptedBackup {
  readonly peerId: string
  /** With /p2p/ and the peer id at its end. Undefined where a version stored it that kept peer ids alone. */
  readonly multiaddr?: string | undefined
}

/** What is stored. Before addresses were kept a member was its peer id, as text: read as one without address. */
const members = z.array(
  z.union([
    z.string().transform((peerId): AdoptedBackup => ({ peerId })),
    z.strictObject({ peerId: z.string(), multiaddr: z.string().optional() })
  ])
)

/** Sets of openings that did not come to their end. Each takes a crash, or a gate that something shut, in that moment. */
const UNSETTLED_MAX = 16

/** What counts besides the backups of now; all of it, of processes that ended while their gate opened. */
export interface StoredSets {
  /** The set that the gate last opened under; undefined before its first time. */
  readonly opened?: readonly AdoptedBackup[] | undefined
  /** The one that it was about to open under when that was written. */
  readonly next?: readonly AdoptedBackup[] | undefined
  /** Others that it was about to open under before that, oldest first; it may have, and none of them was settled. */
  readonly unsettled?: readonly (readonly AdoptedBackup[])[] | undefined
}

/** A version before kept one set, as a list. */
const sets = z.union([
  members.transform((opened): StoredSets => ({ opened })),
  z.strictObject({
    opened: members.optional(),
    next: members.optional(),
    unsettled: z.array(members).optional()
  })
])

/** Where they are kept. A version that knows peer ids alone refuses what this one writes. */
export function storedSets(chainStore: KeyValueStore): NamedValue<StoredSets> {
  return createNamedValue<StoredSets>(chainStore, 'backups', (json) => sets.parse(json))
}

/** Who counts now, and where anybody is reached who counted; the roster satisfies it. */
export interface CurrentBackups {
  ids(): readonly string[]
  addressOf(peerId: string): string | undefined
}

/** The sets that are asked besides the backups of now, until the gate is open under these (src/recovery/README.md, "Quorum"). */
export class AdoptedBackups implements StoredBackups {
  readonly #stored: NamedValue<StoredSets>
  readonly #current: CurrentBackups
  #sets: StoredSets

  /** Reads them; nobody else writes them from then on. Throws ChainError, StoreError. */
  constructor(stored: NamedValue<StoredSets>, current: CurrentBackups) {
    this.#stored = stored
    this.#current = current
    this.#sets = stored.load() ?? {}
  }

  load(): readonly (readonly string[])[] {
    return this.#all().map(idsOf)
  }

  /** Peer ids of the set that the gate last opened under; undefined before its first time. */
  opened(): readonly string[] | undefined {
    return this.#sets.opened && idsOf(this.#sets.opened)
  }

  async announce(peerIds: readonly string[]): Promise<void> {
    const { opened, next: last, unsettled = [] } = this.#sets
    const next = peerIds.map((peerId) => this.#located(this.#memberOf(peerId)))
    if (isDeepStrictEqual(next, last ?? opened)) return
    // The gate may have opened under the last one too: it counts until one is settled.
    const before = last === undefined ? unsettled : [...unsettled, last]
    await this.#save({
      opened,
      next,
      ...(before.length > 0 && { unsettled: before.slice(-UNSETTLED_MAX) })
    })
  }

  async settle(): Promise<void> {
    const { next } = this.#sets
    if (next !== undefined) await this.#save({ opened: next })
  }

  /** Those of the sets that are no backups any more: while there are any, the set counts as changed. */
  former(): readonly AdoptedBackup[] {
    const ids = this.#current.ids()
    const members = new Map(this.#all().flatMap((set) => set.map((one) => [one.peerId, one])))
    return [...members.values()].filter(({ peerId }) => !ids.includes(peerId))
  }

  /**
   * Takes over the addresses that the config knows by now, so that they are known still when it names those
   * backups no more. What cannot be written is missed only then: a line in the log, and no reason not to start.
   */
  async refresh(log: Log): Promise<void> {
    const { opened, next, unsettled } = this.#sets
    const isNew = this.#all().some((set) =>
      set.some((member) => this.#located(member).multiaddr !== member.multiaddr)
    )
    if (!isNew) return
    const located = (set: readonly AdoptedBackup[]) => set.map((member) => this.#located(member))
    try {
      await this.#save({
        opened: opened && located(opened),
        next: next && located(next),
        unsettled: unsettled?.map(located)
      })
    } catch (thrown) {
      log.warn('backup-addresses-not-kept', { reason: errorMessage(thrown) })
    }
  }

  /** In force once it is on disk. */
  async #save(sets: StoredSets): Promise<void> {
    await this.#stored.save(sets)
    this.#sets = sets
  }

  #all(): readonly (readonly AdoptedBackup[])[] {
    const { opened, next, unsettled = [] } = this.#sets
    return [opened, ...unsettled, next].filter((set) => set !== undefined)
  }

  #memberOf(peerId: string): AdoptedBackup {
    const known = this.#all().flat()
    return known.find((member) => member.peerId === peerId) ?? { peerId }
  }

  #located({ peerId, multiaddr }: AdoptedBackup): AdoptedBackup {
    return { peerId, multiaddr: this.#current.addressOf(peerId) ?? multiaddr }
  }
}

function idsOf(members: readonly AdoptedBackup[]): readonly string[] {
  return members.map(({ peerId }) => peerId)
}
