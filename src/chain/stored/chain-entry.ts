// One entry of the chain database: read with its checksum, written with it.
import { bytesToHex } from '../../base/bytes.ts'
import { openValue, sealValue } from '../../store/checked-value.ts'
import { type BatchOperation, type KeyValueReader } from '../../store/key-value-store.ts'
import { type CHAIN_PREFIX } from '../../store/keys.ts'
import { StoreError } from '../../store/store-error.ts'
import { ChainError } from '../blocks/chain-error.ts'

/** What an entry is; its key begins with the prefix of that name. */
export type ChainEntry = keyof typeof CHAIN_PREFIX

/**
 * The body under the key; undefined when there is none. Throws ChainError `entry-damaged`, also where LevelDB itself
 * finds what it holds there damaged, as it does in its compressed blocks; StoreError.
 */
export function readEntry(
  store: Pick<KeyValueReader, 'get'>,
  entry: ChainEntry,
  key: Uint8Array
): Uint8Array | undefined {
  let value: Uint8Array | undefined
  try {
    value = store.get(key)
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown
    const failure = { code: 'entry-damaged', entry, key: bytesToHex(key) } as const
    throw new ChainError(failure, { cause: thrown })
  }
  return value === undefined ? undefined : openEntry(entry, key, value)
}

/** The body that must be there, since an index names it. Throws ChainError `entry-missing` too. */
export function requireEntry(
  store: Pick<KeyValueReader, 'get'>,
  entry: ChainEntry,
  key: Uint8Array
): Uint8Array {
  const body = readEntry(store, entry, key)
  if (body !== undefined) return body
  throw new ChainError({ code: 'entry-missing', entry, key: bytesToHex(key) })
}

/** The body of a value that was read already. Throws ChainError `entry-damaged`. */
export function openEntry(entry: ChainEntry, key: Uint8Array, value: Uint8Array): Uint8Array {
  const body = openValue(key, value)
  if (body !== undefined) return body
  throw new ChainError({ code: 'entry-damaged', entry, key: bytesToHex(key) })
}

/** Undefined for what is not there and for what is not as it was written. Throws when nothing can be read. */
export function unlessDamaged<T>(read: () => T | undefined): T | undefined {
  try {
    return read()
  } catch (thrown) {
    if (isDamage(thrown)) return undefined
    throw thrown
  }
}

/** As a checksum tells, or the database itself. */
function isDamage(thrown: unknown): boolean {
  if (thrown instanceof ChainError) return true
  return thrown instanceof StoreError && thrown.failure.code === 'store-damaged'
}

/** True when there is an entry under the key, and it is not what was written. */
export function isEntryDamaged(
  store: Pick<KeyValueReader, 'get'>,
  entry: ChainEntry,
  key: Uint8Array
): boolean {
  try {
    readEntry(store, entry, key)
    return false
  } catch (thrown) {
    if (isDamage(thrown)) return true
    throw thrown
  }
}

/** The write of one entry, for a batch. */
export function putEntry(key: Uint8Array, body: Uint8Array): BatchOperation {
  return { type: 'put', key, value: sealValue(key, body) }
}
