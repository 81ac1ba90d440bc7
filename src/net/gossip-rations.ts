// RPCs of gossipsub before they are decoded: what no honest peer sends, and what strangers send beyond their ration, is dropped.
import { type Clock } from '../base/clock.ts'
import { forgivePromises, type GossipSubInternals, type ReadRpcs } from './gossip-internals.ts'
import { rpcUnits } from './rpc-units.ts'
import { type RationRates, SharedRation } from './shared-ration.ts'

/** Units of rpc-units.ts. Honest gossip of a stranger takes some 60 a second; the largest list is within the shared burst. */
export const RPC_RATES: RationRates = {
  own: { burstTokens: 512, tokensPerSecond: 128 },
  shared: { burstTokens: 8_192, tokensPerSecond: 10_000 }
}

/** Passes on what is paid for. Nothing is held against the sender: what was dropped is announced again. */
export function rationGossip(
  internals: Pick<GossipSubInternals, 'direct' | 'gossipTracer'>,
  clock: Clock
): ReadRpcs {
  const ration = new SharedRation(RPC_RATES, clock)
  const admits = (peer: string, rpc: Uint8Array): boolean => {
    const units = rpcUnits(rpc)
    if (units === undefined) return false
    return internals.direct.has(peer) || ration.takes(peer, units)
  }
  return async function* (rpcs, { peer }) {
    for await (const rpc of rpcs) {
      const bytes = rpc.subarray()
      if (admits(peer, bytes)) yield bytes
      else forgivePromises(internals, peer)
    }
  }
}
