// RPCs of gossipsub before they are decoded: what no honest peer sends, and what strangers send beyond their ration, is dropped.
import { type Clock } from '../base/clock.ts'
import { forgivePromises, type GossipSubInternals, type RpcBytes } from './gossip-internals.ts'
import { rpcUnits } from './rpc-units.ts'
import { type RationRates, SharedRation } from './shared-ration.ts'

/** Units of rpc-units.ts. Honest gossip of a stranger takes some 60 a second; the largest list is within the shared burst. */
export const RPC_RATES: RationRates = {
  own: { burstTokens: 512, tokensPerSecond: 128 },
  shared: { burstTokens: 8_192, tokensPerSecond: 10_000 }
}

/**
 * Nothing is held against the sender: what was dropped is announced again. Call before the host has connections.
 */
export function rationGossip(internals: GossipSubInternals, clock: Clock): void {
  const ration = new SharedRation(RPC_RATES, clock)
  const read = internals.pipePeerReadStream.bind(internals)
  const admits = (peer: string, rpc: Uint8Array): boolean => {
    const units = rpcUnits(rpc)
    if (units === undefined) return false
    return internals.direct.has(peer) || ration.takes(peer, units)
  }
  async function* admitted(peer: string, rpcs: AsyncIterable<RpcBytes>) {
    for await (const rpc of rpcs) {
      const bytes = rpc.subarray()
      if (admits(peer, bytes)) yield bytes
      else forgivePromises(internals, peer)
    }
  }
  internals.pipePeerReadStream = (peer, rpcs) => read(peer, admitted(peer.toString(), rpcs))
}
