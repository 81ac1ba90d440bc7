// A view that notes which flat entries are read through it.
import { accountKey, type EntryKey, slotKey } from './entry-key.ts'
import { type StateView } from './state-view.ts'

/** The same view, and the keys of what is read through it; as many as whoever reads may read. */
export function recordReads(view: StateView): {
  readonly view: StateView
  readonly keys: ReadonlySet<EntryKey>
} {
  const keys = new Set<EntryKey>()
  return {
    keys,
    view: {
      ...view,
      account(addressHash) {
        keys.add(accountKey(addressHash))
        return view.account(addressHash)
      },
      storageRoot(addressHash) {
        keys.add(accountKey(addressHash))
        return view.storageRoot(addressHash)
      },
      slot(addressHash, slotHash) {
        keys.add(slotKey(addressHash, slotHash))
        return view.slot(addressHash, slotHash)
      }
    }
  }
}
