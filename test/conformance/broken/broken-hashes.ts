// Nodes that break one rule of blocks_by_hash.
import { BLOCKS_BY_HASH } from '../../../protocols/blocks-by-hash/codec.ts'
import { answering, type BrokenNode, changed } from './broken-node.ts'
import { serveHashes } from './fake-answers.ts'
import { okChunk, refusal } from './fake-frames.ts'

const OFFSET_BYTES = 4
const HASH_BYTES = 32

/** The hashes of a request, whatever their number; undefined where it is no container. */
function looseHashes(request: Uint8Array): readonly Uint8Array[] | undefined {
  const hashesBytes = request.length - OFFSET_BYTES
  if (request[0] !== OFFSET_BYTES || hashesBytes % HASH_BYTES !== 0) return undefined
  return Array.from({ length: hashesBytes / HASH_BYTES }, (_, at) =>
    request.slice(OFFSET_BYTES + at * HASH_BYTES, OFFSET_BYTES + (at + 1) * HASH_BYTES)
  )
}

function isSound(request: Uint8Array): boolean {
  try {
    BLOCKS_BY_HASH.request.decode(request)
    return true
  } catch {
    return false
  }
}

/** Each breaks the rule of its line. */
export const BROKEN_HASHES: readonly BrokenNode[] = [
  answering('BH-1', 'takes a request with a byte too many', 'blocks_by_hash', (request, sound) => {
    const isLonger = request.length % HASH_BYTES === OFFSET_BYTES + 1
    return sound.blocks_by_hash(isLonger ? request.subarray(0, -1) : request)
  }),
  answering('BH-1', 'does not look at the offset', 'blocks_by_hash', (request, sound) => {
    const isWhole = request.length > OFFSET_BYTES && request.length % HASH_BYTES === OFFSET_BYTES
    return sound.blocks_by_hash(isWhole ? changed(request, 0, OFFSET_BYTES) : request)
  }),
  answering('BH-2', 'takes a hash twice', 'blocks_by_hash', (request, sound, chain) => {
    const hashes = looseHashes(request)
    return hashes !== undefined && hashes.length > 0 && hashes.length <= 128
      ? serveHashes(chain, hashes)
      : sound.blocks_by_hash(request)
  }),
  answering('BH-2', 'has nothing against no hash', 'blocks_by_hash', (request, sound) =>
    looseHashes(request)?.length === 0
      ? refusal('unavailable', 'none of none')
      : sound.blocks_by_hash(request)
  ),
  answering('BH-3', 'sends a block with version 7', 'blocks_by_hash', (request, sound) => {
    const bytes = sound.blocks_by_hash(request)
    return bytes[0] === 0 ? changed(bytes, 1, 7) : bytes
  }),
  answering('BH-4', 'sorts by height', 'blocks_by_hash', (request, sound, chain) => {
    if (!isSound(request)) return sound.blocks_by_hash(request)
    const asked = new Set(looseHashes(request)?.map((hash) => Buffer.from(hash).toString('hex')))
    const sorted = chain.filter(({ hash }) => asked.has(Buffer.from(hash).toString('hex')))
    return serveHashes(
      sorted,
      sorted.map(({ hash }) => hash)
    )
  }),
  answering(
    'BH-4',
    'stops at the first block it lacks',
    'blocks_by_hash',
    (request, sound, chain) => {
      const hashes = isSound(request) ? (looseHashes(request) ?? []) : []
      const isHeld = (hash: Uint8Array) => chain.some((it) => Buffer.compare(it.hash, hash) === 0)
      const at = hashes.findIndex((hash) => !isHeld(hash))
      return at < 1 ? sound.blocks_by_hash(request) : serveHashes(chain, hashes.slice(0, at))
    }
  ),
  answering(
    'BH-4',
    'sends a block that was not asked for',
    'blocks_by_hash',
    (request, sound, chain) => {
      const bytes = sound.blocks_by_hash(request)
      const [, , third] = chain
      if (bytes[0] !== 0 || third === undefined) return bytes
      return Buffer.concat([bytes, okChunk(third.message, third.version)])
    }
  ),
  answering(
    'BH-5',
    'answers nothing where it holds nothing',
    'blocks_by_hash',
    (request, sound) => {
      const bytes = sound.blocks_by_hash(request)
      return bytes[0] === 1 ? new Uint8Array() : bytes
    }
  )
]
