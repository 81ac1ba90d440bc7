// A status of a peer that holds nothing, for tests that look at some fields of it.
import { type Status } from '../../protocols/status/codec.ts'

/** Of chain 901; `change` says what is different. */
export function plainStatus(change: Partial<Status> = {}): Status {
  return {
    chainId: 901n,
    genesisHash: new Uint8Array(32),
    forkDigest: new Uint8Array(4),
    role: 'backup',
    unsafeNumber: 0n,
    unsafeHash: new Uint8Array(32),
    acceptedNumber: undefined,
    acceptedHash: new Uint8Array(32),
    oldestBlock: undefined,
    oldestState: undefined,
    newestState: undefined,
    oldestDiff: undefined,
    replicatedNumber: undefined,
    clockMs: 0n,
    ...change
  }
}
