// Which database this is and in which layout: one entry, written before all others.
import { bytesToHex, EMPTY_BYTES } from '../base/bytes.ts'
import { type KeyValueStore } from './key-value-store.ts'
import { type DatabaseSchema, SCHEMA_KEY } from './keys.ts'
import { StoreError } from './store-error.ts'

const ENTRY = /^([a-z]+)\/(\d{1,9})$/

/** No key of ours is longer than this (keys.ts); above all of them. */
const LAST_KEY = new Uint8Array(160).fill(0xff)
/** Bytes of somebody else's key that a failure shows. */
const SHOWN_BYTES = 16

/**
 * Writes the entry into an empty database, compares it otherwise. Throws StoreError `foreign-directory`,
 * `schema-newer` or `schema-older`; `path` is for the failure. `knownSchema` is what a database was that lost the entry.
 */
export async function assertSchema(
  store: KeyValueStore,
  { name, schemaVersion }: DatabaseSchema,
  { path, knownSchema }: { readonly path: string; readonly knownSchema?: string | undefined }
): Promise<void> {
  const stored = store.get(SCHEMA_KEY)
  if (stored === undefined) {
    if (knownSchema !== `${name}/${schemaVersion}`) await assertEmpty(store, path)
    const value = new Uint8Array(Buffer.from(`${name}/${schemaVersion}`, 'utf8'))
    await store.batch([{ type: 'put', key: SCHEMA_KEY, value }], { sync: true })
    return
  }
  const [, storedName, digits] = ENTRY.exec(Buffer.from(stored).toString('utf8')) ?? []
  if (storedName !== name) {
    const found = `the database ${storedName ?? 'of something else'}, not ${name}`
    throw new StoreError({ code: 'foreign-directory', path, found })
  }
  const storedVersion = Number(digits)
  if (storedVersion === schemaVersion) return
  const code = storedVersion > schemaVersion ? 'schema-newer' : 'schema-older'
  throw new StoreError({ code, path, storedVersion, supportedVersion: schemaVersion })
}

/** Throws StoreError `store-missing` for a database without any entry. */
export async function assertNotEmpty(store: KeyValueStore, path: string): Promise<void> {
  for await (const [key] of store.iterate({ start: EMPTY_BYTES, end: LAST_KEY, limit: 1 })) {
    if (key.length > 0) return
  }
  throw new StoreError({ code: 'store-missing', path })
}

async function assertEmpty(store: KeyValueStore, path: string): Promise<void> {
  for await (const [key] of store.iterate({ start: EMPTY_BYTES, end: LAST_KEY, limit: 1 })) {
    const found = `a database of something else, with a key ${bytesToHex(key.subarray(0, SHOWN_BYTES))}`
    throw new StoreError({ code: 'foreign-directory', path, found })
  }
}
