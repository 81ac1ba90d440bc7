// Genuine blocks, heard from a node and said again and again: as they were, and with their length written otherwise.
import { readVarint, type WireMessage } from '../../../../protocols/conformance/gossip-wire.ts'
import { type GossipPeer } from '../../../../protocols/conformance/gossip-peer.ts'
import { type Attack } from '../attack.ts'
import { crowd, pace } from '../support/crowd.ts'
import { withGossip } from '../support/gossip-stranger.ts'

const STRANGERS = 8
const PER_SECOND_EACH = 50
/** The longest form that a reader of 64-bit integers takes. */
const VARINT_BYTES_MAX = 10
const KEPT_MAX = 64

/** What is heard by one is said by all; of three, one is as it was. */
export const REPLAYED_BLOCKS: Attack = {
  name: 'replayed-blocks',
  group: 'gossip',
  title: 'genuine blocks replayed, also with their snappy length encoded anew',
  async run(target, tools) {
    const { signal, did } = tools
    const heard: WireMessage[] = []
    const listen = (peer: GossipPeer) => {
      heard.push(...peer.messages.splice(0))
      heard.splice(0, heard.length - KEPT_MAX)
    }
    await crowd(tools, STRANGERS, (stranger) =>
      withGossip(target, stranger, (peer) =>
        pace(PER_SECOND_EACH, signal, (count) => {
          listen(peer)
          const message = heard[(count + stranger) % Math.max(1, heard.length)]
          if (message === undefined) return
          const lengthBytes = [0, 5, VARINT_BYTES_MAX][count % 3]!
          peer.publish({ ...message, data: withLongLength(message.data, lengthBytes) })
          did(
            lengthBytes === 0 ? 'replays' : `replays with a length of ${String(lengthBytes)} bytes`
          )
        })
      )
    )
  }
}

/** The same snappy block with its length in so many bytes; as it was where that is fewer than it needs. */
function withLongLength(data: Uint8Array, lengthBytes: number): Uint8Array {
  const { end = 0 } = readVarint(data, 0) ?? {}
  if (end === 0 || lengthBytes <= end) return data
  const length = new Uint8Array(lengthBytes).fill(0x80)
  length.set(data.subarray(0, end - 1))
  length[end - 1] = data[end - 1]! | 0x80
  length[lengthBytes - 1] = 0
  return Buffer.concat([length, data.subarray(end)])
}
