// Which blocks were accepted at a height, in the order in which they were: the first one counts for a backup.
import { bytesToHex, EMPTY_BYTES, type Hex, hexToBytes } from '../../base/bytes.ts'
import { type BatchOperation, type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, numberKey, numberOfKey } from '../../store/keys.ts'
import { type BlockRef } from '../blocks/block.ts'
import { openEntry, putEntry, readEntry } from './chain-entry.ts'
import { ChainError } from '../blocks/chain-error.ts'

/** One accepted block. */
export interface AcceptedEntry {
  readonly hash: Hex
  readonly signer: Hex
}

/** Blocks kept at one height. Our key signs one; a handful are a conflict, more than these are noise. */
export const ACCEPTED_AT_HEIGHT_MAX = 256

const HASH_BYTES = 32
const ENTRY_BYTES = HASH_BYTES + 20

/** Oldest first. Throws ChainError `entry-damaged`. */
export function readAccepted(
  store: Pick<KeyValueReader, 'get'>,
  number: bigint
): readonly AcceptedEntry[] {
  const body = readEntry(store, 'accepted', numberKey(CHAIN_PREFIX.accepted, number))
  return body === undefined ? [] : decodeAccepted(body)
}

/**
 * Heights at which more than one block was accepted, from the highest down: without this index a start would look at
 * every height. Throws ChainError `entry-damaged`.
 */
export async function* walkContestedDown(
  store: Pick<KeyValueReader, 'iterate'>
): AsyncGenerator<bigint, void, undefined> {
  const start = Uint8Array.of(CHAIN_PREFIX.contested)
  const end = Uint8Array.of(CHAIN_PREFIX.contested + 1)
  for await (const [key, value] of store.iterate({ start, end, reverse: true })) {
    openEntry('contested', key, value)
    yield numberOfKey(key)
  }
}

/** All heights with accepted blocks, from the highest down. Throws ChainError `entry-damaged`. */
export async function* walkAcceptedDown(
  store: Pick<KeyValueReader, 'iterate'>
): AsyncGenerator<{ readonly number: bigint; readonly entries: readonly AcceptedEntry[] }> {
  const start = Uint8Array.of(CHAIN_PREFIX.accepted)
  const end = Uint8Array.of(CHAIN_PREFIX.accepted + 1)
  for await (const [key, value] of store.iterate({ start, end, reverse: true })) {
    const entries = decodeAccepted(openEntry('accepted', key, value))
    yield { number: numberOfKey(key), entries }
  }
}

/**
 * What adds the blocks to the index, those that stand in it already left out. Throws ChainError
 * `too-many-at-height`.
 */
export function addAcceptedOperations(
  store: Pick<KeyValueReader, 'get'>,
  blocks: readonly (BlockRef & Pick<AcceptedEntry, 'signer'>)[]
): readonly BatchOperation[] {
  const changed = new Map<bigint, AcceptedEntry[]>()
  for (const { number, hash, signer } of blocks) {
    const entries = changed.get(number) ?? [...readAccepted(store, number)]
    if (entries.some((entry) => entry.hash === hash)) continue
    if (entries.length >= ACCEPTED_AT_HEIGHT_MAX) {
      throw new ChainError({
        code: 'too-many-at-height',
        number,
        hashesMax: ACCEPTED_AT_HEIGHT_MAX
      })
    }
    entries.push({ hash, signer })
    changed.set(number, entries)
  }
  return [...changed].flatMap(([number, entries]) => {
    const indexed = putEntry(numberKey(CHAIN_PREFIX.accepted, number), encodeEntries(entries))
    if (entries.length === 1) return [indexed]
    return [indexed, contestedOperation(number)]
  })
}

/** What marks a height at which more than one block was accepted. */
export function contestedOperation(number: bigint): BatchOperation {
  return putEntry(numberKey(CHAIN_PREFIX.contested, number), EMPTY_BYTES)
}

function encodeEntries(entries: readonly AcceptedEntry[]): Uint8Array {
  const body = new Uint8Array(entries.length * ENTRY_BYTES)
  for (const [index, { hash, signer }] of entries.entries()) {
    body.set(hexToBytes(hash, HASH_BYTES), index * ENTRY_BYTES)
    body.set(hexToBytes(signer, 20), index * ENTRY_BYTES + HASH_BYTES)
  }
  return body
}

/** The body of an index entry. */
export function decodeAccepted(body: Uint8Array): readonly AcceptedEntry[] {
  return Array.from({ length: Math.floor(body.length / ENTRY_BYTES) }, (_, index) => {
    const start = index * ENTRY_BYTES
    return {
      hash: bytesToHex(body.subarray(start, start + HASH_BYTES)),
      signer: bytesToHex(body.subarray(start + HASH_BYTES, start + ENTRY_BYTES))
    }
  })
}
