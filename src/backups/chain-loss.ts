// Whether the chain database may have lost what nobody knows of: until that is made good the node counts on it for nothing.
import { z } from 'zod'
import { createNamedValue } from '../chain/stored/named-value.ts'
import { type QuorumSetting } from '../recovery/decide/findings.ts'
import { type StoredBackups } from '../recovery/knowledge/ports.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { storedJoining } from './joining.ts'

/** The mark, as it was found at the start. */
export interface ChainLossMark {
  readonly isLost: boolean
  /** On disk when it resolves: a backup joins, and a sequencer asks all. Throws ChainError, StoreError. */
  note(): Promise<void>
  settle(): Promise<void>
}

/** Throws ChainError, StoreError. */
export function openChainLoss(chainStore: KeyValueStore): ChainLossMark {
  const stored = createNamedValue<boolean>(chainStore, 'lost', (json) => z.boolean().parse(json))
  return {
    get isLost() {
      return stored.load() === true
    },
    async note() {
      await stored.save(true)
      await storedJoining(chainStore).save(true)
    },
    async settle() {
      if (stored.load() === true) await stored.save(false)
    }
  }
}

/** While a loss is not made good every backup has to answer, but where an operator wants none. */
export function quorumAfterLoss(configured: QuorumSetting, isLost: boolean): QuorumSetting {
  return isLost && configured !== 'none' ? 'all' : configured
}

/** The loss is made good with the opening of the gate: everybody was asked by then, and what they hold is adopted. */
export function settlingLoss(
  adopted: StoredBackups,
  loss: Pick<ChainLossMark, 'settle'>
): StoredBackups {
  return {
    load: () => adopted.load(),
    announce: (peerIds) => adopted.announce(peerIds),
    async settle() {
      await adopted.settle()
      await loss.settle()
    }
  }
}
