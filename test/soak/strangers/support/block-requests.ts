// Requests of the protocols as bytes, as a stranger sends them.
import {
  BLOCKS_BY_RANGE,
  BLOCKS_BY_RANGE_COUNT_MAX
} from '../../../../protocols/blocks-by-range/codec.ts'
import { SIGNED_TIP } from '../../../../protocols/signed-tip/codec.ts'
import { hexToBytes } from '../../../../src/base/bytes.ts'
import { requestProtocol } from '../../../../protocols/conformance/asking.ts'
import { suiteStatus } from '../../../../protocols/conformance/raw-status.ts'
import { type Target } from '../attack.ts'

/** A protocol id and a sound request of it. */
export interface SoundRequest {
  readonly protocol: string
  readonly bytes: Uint8Array
}

/** As many blocks from the first on as a request may name. */
export function largestRange(chainId: number): SoundRequest {
  const protocol = requestProtocol('blocks_by_range', BigInt(chainId))
  const count = BigInt(BLOCKS_BY_RANGE_COUNT_MAX)
  const range = { start: 1n, count, maxBytes: 2 ** 32 - 1 }
  return { protocol, bytes: BLOCKS_BY_RANGE.request.encode(range) }
}

/** The tip above genesis. */
export function tipRequest({ chainId, genesisHash }: Target): SoundRequest {
  const protocol = requestProtocol('signed_tip', BigInt(chainId))
  const head = { number: 0n, hash: hexToBytes(genesisHash) }
  return { protocol, bytes: SIGNED_TIP.request.encode(head) }
}

/** A status of a peer that holds genesis alone. */
export function statusRequest({ chainId, genesisHash }: Target): SoundRequest {
  const protocol = requestProtocol('status', BigInt(chainId))
  return { protocol, bytes: suiteStatus(BigInt(chainId), hexToBytes(genesisHash)) }
}
