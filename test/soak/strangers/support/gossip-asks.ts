// Announcements and requests of gossipsub as bytes (libp2p specifications, "gossipsub"): IHAVE and IWANT.
import { field } from '../../../../protocols/conformance/gossip-wire.ts'

const CONTROL = 3

/** Says which messages we have. */
export function encodeIhave(topic: string, ids: readonly Uint8Array[]): Uint8Array {
  const parts = [field(1, topic), ...ids.map((id) => field(2, id))]
  return field(CONTROL, field(1, Buffer.concat(parts)))
}

/** Asks for messages. */
export function encodeIwant(ids: readonly Uint8Array[]): Uint8Array {
  return field(CONTROL, field(2, Buffer.concat(ids.map((id) => field(1, id)))))
}
