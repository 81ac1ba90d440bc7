// The four bytes by which two nodes see that they run the same forks (README.md, "Fork digest").
import { type HashFunction } from '../hash-function.ts'
import { NONE_UINT64 } from '../ssz-container.ts'

/** The forks that count, in the order in which their times are hashed. */
export const DIGEST_FORKS = [
  'regolith',
  'canyon',
  'ecotone',
  'fjord',
  'granite',
  'holocene',
  'isthmus'
] as const

/** Activation times, seconds since the Unix epoch; undefined for a fork that is not scheduled. */
export type ForkTimes = Readonly<Partial<Record<(typeof DIGEST_FORKS)[number], bigint | undefined>>>

/** Bytes of a fork digest. */
export const FORK_DIGEST_BYTES = 4

/**
 * The first 4 bytes of keccak256(genesis hash ++ each fork's time as u64 little-endian), 2^64-1 standing
 * for a fork that is not scheduled.
 */
export function forkDigest(
  keccak256: HashFunction,
  genesisHash: Uint8Array,
  forkTimes: ForkTimes
): Uint8Array {
  const preimage = new Uint8Array(genesisHash.length + 8 * DIGEST_FORKS.length)
  preimage.set(genesisHash)
  const view = new DataView(preimage.buffer, genesisHash.length)
  for (const [index, fork] of DIGEST_FORKS.entries()) {
    view.setBigUint64(8 * index, forkTimes[fork] ?? NONE_UINT64, true)
  }
  return keccak256(preimage).slice(0, FORK_DIGEST_BYTES)
}
