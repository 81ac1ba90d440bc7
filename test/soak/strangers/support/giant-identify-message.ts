// An identify message of any size (libp2p specifications, "identify"): protocols and addresses that nobody has.
import { multiaddr } from '@multiformats/multiaddr'
import { field } from '../../../../protocols/conformance/gossip-wire.ts'

/** Numbers of the message's fields. */
const FIELD = { listenAddrs: 2, protocols: 3 } as const

/** At least so many bytes, half of them protocols. */
export function giantIdentify(sizeBytes: number): Uint8Array {
  const parts: Uint8Array[] = []
  let length = 0
  for (let count = 0; length < sizeBytes; count++) {
    const isProtocol = count % 2 === 0
    const content = isProtocol
      ? `/stranger/protocol/${String(count)}/1.0.0`
      : multiaddr(`/ip4/10.${octets(count)}/tcp/4001`).bytes
    const part = field(isProtocol ? FIELD.protocols : FIELD.listenAddrs, content)
    parts.push(part)
    length += part.length
  }
  return Buffer.concat(parts)
}

function octets(count: number): string {
  return [count >> 16, count >> 8, count].map((value) => String(value & 0xff)).join('.')
}
