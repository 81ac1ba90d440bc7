// The set of backups under which the gate last opened: stored with addresses, since who left it is asked once more.
import { z } from 'zod'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { createNamedValue, type NamedValue } from '../chain/named-value.ts'
import { type StoredBackups } from '../recovery/ports.ts'
import { type OpenStores } from './open-stores.ts'

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

/** Where the set is kept. A version that knows peer ids alone refuses what this one writes. */
export function storedMembers({
  chainStore
}: Pick<OpenStores, 'chainStore'>): NamedValue<readonly AdoptedBackup[]> {
  return createNamedValue<readonly AdoptedBackup[]>(chainStore, 'backups', (json) =>
    members.parse(json)
  )
}

/** Who counts now, and where anybody is reached who counted; the roster satisfies it. */
export interface CurrentBackups {
  ids(): readonly string[]
  addressOf(peerId: string): string | undefined
}

/** The set that the quorum of the old asks for, until the gate opens under the new one (recovery.md, "Quorum"). */
export class AdoptedBackups implements StoredBackups {
  readonly #stored: NamedValue<readonly AdoptedBackup[]>
  readonly #current: CurrentBackups
  #members: readonly AdoptedBackup[] | undefined
  /** On disk, and not in force before the gate is open. */
  #next: readonly AdoptedBackup[] | undefined

  /** Reads the set; nobody else writes it from then on. Throws ChainError, StoreError. */
  constructor(stored: NamedValue<readonly AdoptedBackup[]>, current: CurrentBackups) {
    this.#stored = stored
    this.#current = current
    this.#members = stored.load()
  }

  /** Peer ids; undefined before the gate opened for the first time. */
  load(): readonly string[] | undefined {
    return this.#members?.map(({ peerId }) => peerId)
  }

  /** The gate is about to open under these. On disk when it resolves; until it is open the old set counts too. */
  async save(peerIds: readonly string[]): Promise<void> {
    const next = peerIds.map((peerId) => this.#located(this.#memberOf(peerId)))
    await this.#stored.save(next)
    this.#next = next
  }

  /** The gate is open: who was a member only before is forgotten. */
  noteOpened(): void {
    this.#members = this.#next ?? this.#members
    this.#next = undefined
  }

  /** The set that the gate last opened under. */
  members(): readonly AdoptedBackup[] | undefined {
    return this.#members
  }

  /** Those of the set that are no backups any more: while there are any, the set counts as changed. */
  former(): readonly AdoptedBackup[] {
    const ids = this.#current.ids()
    return (this.#members ?? []).filter(({ peerId }) => !ids.includes(peerId))
  }

  /**
   * Takes over the addresses that the config knows by now, so that they are known still when it names those
   * backups no more. What cannot be written is missed only then: a line in the log, and no reason not to start.
   */
  async refresh(log: Log): Promise<void> {
    const located = this.#members?.map((member) => this.#located(member))
    const isNew = located?.some(({ multiaddr }, at) => multiaddr !== this.#members?.[at]?.multiaddr)
    if (located === undefined || isNew !== true) return
    try {
      await this.#stored.save(located)
      this.#members = located
    } catch (thrown) {
      log.warn('backup-addresses-not-kept', { reason: errorMessage(thrown) })
    }
  }

  #memberOf(peerId: string): AdoptedBackup {
    return this.#members?.find((member) => member.peerId === peerId) ?? { peerId }
  }

  #located({ peerId, multiaddr }: AdoptedBackup): AdoptedBackup {
    return { peerId, multiaddr: this.#current.addressOf(peerId) ?? multiaddr }
  }
}
