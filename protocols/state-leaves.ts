// Leaves of state tries in SSZ: lists of a hash and a value each, and containers of such a list with its proof.
import { ByteListType, ListCompositeType } from '@chainsafe/ssz'
import { ContainerError } from './ssz-container.ts'

/** A leaf of an account trie or a storage trie: the hash that is its key, and what the wire says of it. */
export interface StateLeaf {
  /** 32 bytes. */
  readonly hash: Uint8Array
  /** 1 byte or more. */
  readonly value: Uint8Array
}

/** The most bytes that an answer holds in leaves, codes or nodes, whatever maxBytes says; one item comes in any case. */
export const STATE_ANSWER_SOFT_BYTES: number = 2 * 2 ** 20
/** The largest chunk of an answer with a proof: what the soft limit allows, offsets, and the proof. */
export const STATE_ANSWER_MAX_BYTES: number = 4 * 2 ** 20
/** A node of a state trie is shorter: a branch of sixteen hashes has 532 bytes. */
export const TRIE_NODE_MAX_BYTES = 1024
/** Two ways of 65 nodes, the longest that keys of 32 bytes have. */
export const PROOF_NODES_MAX = 130
/** A hash has so many bytes, and so has a root. */
export const HASH_BYTES = 32

/** What a leaf counts beside its value: its offset in the list, its hash, and the offset of its value. */
export const LEAF_OVERHEAD_BYTES = 40

const OFFSET_BYTES = 4
const LEAF_FIXED_BYTES = HASH_BYTES + OFFSET_BYTES
const WRITER_BYTES_MIN = 256

/** What a list of leaves may have. */
export interface LeafBounds {
  readonly container: string
  readonly field: string
  readonly leavesMax: number
  readonly valueMaxBytes: number
}

/** Takes leaves one by one, so that the work of encoding is spread over the work of finding them. */
export class LeafListWriter {
  readonly #starts: number[] = []
  #bytes = new Uint8Array(WRITER_BYTES_MIN)
  #length = 0

  get count(): number {
    return this.#starts.length
  }

  /** Bytes of the list so far. */
  get sizeBytes(): number {
    return OFFSET_BYTES * this.#starts.length + this.#length
  }

  /** Hashes have to ascend. */
  add({ hash, value }: StateLeaf): void {
    const start = this.#length
    const end = start + LEAF_FIXED_BYTES + value.length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
    }
    this.#bytes.set(hash, start)
    this.#bytes[start + HASH_BYTES] = LEAF_FIXED_BYTES
    this.#bytes.set(value, start + LEAF_FIXED_BYTES)
    this.#starts.push(start)
    this.#length = end
  }

  /** The list in SSZ. */
  finish(): Uint8Array {
    const list = new Uint8Array(this.sizeBytes)
    const view = new DataView(list.buffer)
    const tableBytes = OFFSET_BYTES * this.#starts.length
    for (const [at, start] of this.#starts.entries()) {
      view.setUint32(OFFSET_BYTES * at, tableBytes + start, true)
    }
    list.set(this.#bytes.subarray(0, this.#length), tableBytes)
    return list
  }
}

/** The list of these leaves in SSZ. */
export function encodeLeaves(leaves: Iterable<StateLeaf>): Uint8Array {
  const writer = new LeafListWriter()
  for (const leaf of leaves) writer.add(leaf)
  return writer.finish()
}

/**
 * The leaves of a list, views of its bytes, one at a time so that a reader can pause. Throws ContainerError where the
 * bytes are no such list, a value is empty or too long, or hashes do not ascend.
 */
export function* decodeLeaves(
  bytes: Uint8Array,
  bounds: LeafBounds
): Generator<StateLeaf, void, undefined> {
  const { container, field, valueMaxBytes } = bounds
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let last: Uint8Array | undefined
  for (const item of decodeItems(bytes, bounds)) {
    const valueBytes = item.length - LEAF_FIXED_BYTES
    const isLeaf =
      valueBytes >= 0 &&
      view.getUint32(item.byteOffset - bytes.byteOffset + HASH_BYTES, true) === LEAF_FIXED_BYTES
    if (!isLeaf) throw undecodable(container)
    const hash = item.subarray(0, HASH_BYTES)
    const isAscending = last === undefined || Buffer.compare(last, hash) < 0
    if (valueBytes === 0 || valueBytes > valueMaxBytes || !isAscending) {
      throw new ContainerError({ code: 'field-invalid', container, field })
    }
    last = hash
    yield { hash, value: item.subarray(LEAF_FIXED_BYTES) }
  }
}

/** The items of a list of items without a fixed size, views of its bytes, one at a time. Throws ContainerError. */
export function* decodeItems(
  bytes: Uint8Array,
  { container, field, leavesMax }: Pick<LeafBounds, 'container' | 'field' | 'leavesMax'>
): Generator<Uint8Array, void, undefined> {
  if (bytes.length === 0) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tableBytes = bytes.length < OFFSET_BYTES ? 0 : view.getUint32(0, true)
  if (tableBytes === 0 || tableBytes % OFFSET_BYTES !== 0 || tableBytes > bytes.length) {
    throw undecodable(container)
  }
  if (tableBytes / OFFSET_BYTES > leavesMax) {
    throw new ContainerError({ code: 'field-invalid', container, field })
  }
  let start = tableBytes
  for (let at = OFFSET_BYTES; at <= tableBytes; at += OFFSET_BYTES) {
    const end = at === tableBytes ? bytes.length : view.getUint32(at, true)
    if (end < start || end > bytes.length) throw undecodable(container)
    yield bytes.subarray(start, end)
    start = end
  }
}

/** The items behind their table. */
export function encodeItems(items: readonly Uint8Array[]): Uint8Array {
  let start = OFFSET_BYTES * items.length
  const list = new Uint8Array(items.reduce((sum, { length }) => sum + length, start))
  const view = new DataView(list.buffer)
  for (const [at, item] of items.entries()) {
    view.setUint32(OFFSET_BYTES * at, start, true)
    list.set(item, start)
    start += item.length
  }
  return list
}

const proofType = new ListCompositeType(new ByteListType(TRIE_NODE_MAX_BYTES), PROOF_NODES_MAX)
/** Where the first of two lists begins. */
const PROVED_FIXED_BYTES = 2 * OFFSET_BYTES

/** A container of two fields: a list that is encoded already, and the proof of what it holds. */
export function encodeProved(list: Uint8Array, proof: readonly Uint8Array[]): Uint8Array {
  const proofBytes = proofType.serialize([...proof])
  const proofStart = PROVED_FIXED_BYTES + list.length
  const bytes = new Uint8Array(proofStart + proofBytes.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, PROVED_FIXED_BYTES, true)
  view.setUint32(OFFSET_BYTES, proofStart, true)
  bytes.set(list, PROVED_FIXED_BYTES)
  bytes.set(proofBytes, proofStart)
  return bytes
}

/** What encodeProved joined: the list as a view, the proof's nodes as copies. Throws ContainerError. */
export function decodeProved(
  bytes: Uint8Array,
  container: string
): { readonly list: Uint8Array; readonly proof: readonly Uint8Array[] } {
  if (bytes.length < PROVED_FIXED_BYTES || bytes.length > STATE_ANSWER_MAX_BYTES) {
    throw new ContainerError({
      code: 'container-size-invalid',
      container,
      sizeBytes: bytes.length
    })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const proofStart = view.getUint32(OFFSET_BYTES, true)
  const isInOrder = proofStart >= PROVED_FIXED_BYTES && proofStart <= bytes.length
  if (view.getUint32(0, true) !== PROVED_FIXED_BYTES || !isInOrder) throw undecodable(container)
  try {
    const proof = proofType.deserialize(bytes.subarray(proofStart))
    return { list: bytes.subarray(PROVED_FIXED_BYTES, proofStart), proof }
  } catch (thrown) {
    throw undecodable(container, thrown)
  }
}

function undecodable(container: string, cause?: unknown): ContainerError {
  return new ContainerError({ code: 'container-undecodable', container }, { cause })
}
