// Small values of other folders that have to survive a restart, as JSON under a name.
import { errorMessage } from '../../base/node-error.ts'
import { type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, nameKey } from '../../store/keys.ts'
import { putEntry, readEntry } from './chain-entry.ts'
import { ChainError } from '../blocks/chain-error.ts'

/** One value with a name of its own. */
export interface NamedValue<T> {
  /** Undefined when none was saved yet. Throws ChainError `named-value-invalid`, `entry-damaged`; StoreError. */
  load(): T | undefined
  /** On disk when it resolves. Throws ChainError `named-value-invalid` when it is too large; StoreError. */
  save(value: T): Promise<void>
}

/** Bytes of JSON that a value may take. */
export const NAMED_VALUE_MAX_BYTES = 2 ** 20

/** `parse` throws when what is stored is not a value of the kind. The name is 1 to 64 of a-z, 0-9 and "-". */
export function createNamedValue<T>(
  store: KeyValueStore,
  name: string,
  parse: (json: unknown) => T
): NamedValue<T> {
  const key = nameKey(CHAIN_PREFIX.named, name)
  return {
    load() {
      const body = readEntry(store, 'named', key)
      if (body === undefined) return undefined
      try {
        return parse(JSON.parse(Buffer.from(body).toString('utf8')) as unknown)
      } catch (thrown) {
        throw invalid(name, errorMessage(thrown), thrown)
      }
    },
    async save(value) {
      const body = new Uint8Array(Buffer.from(JSON.stringify(value), 'utf8'))
      if (body.length > NAMED_VALUE_MAX_BYTES) throw invalid(name, `${body.length} bytes of JSON`)
      await store.batch([putEntry(key, body)], { sync: true })
    }
  }
}

function invalid(name: string, reason: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'named-value-invalid', name, reason }, { cause })
}
