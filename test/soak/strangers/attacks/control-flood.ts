// Control messages of gossipsub without end: what is announced, asked for, joined and left.
import { randomBytes } from 'node:crypto'
import { blocksTopic } from '../../../../protocols/gossip/topic.ts'
import {
  encodeGrafts,
  encodeIdontwant,
  encodePrunes
} from '../../../../protocols/conformance/gossip-wire.ts'
import { type Attack } from '../attack.ts'
import { crowd, pick } from '../support/crowd.ts'
import { withControl } from '../support/gossip-stranger.ts'
import { encodeIhave, encodeIwant } from '../support/gossip-asks.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 8
const IDS_PER_MESSAGE = 1_000
const ID_BYTES = 20

/** Each message of another kind than the one before. */
export const CONTROL_FLOOD: Attack = {
  name: 'control-flood',
  group: 'gossip',
  title: 'IHAVE, IWANT, IDONTWANT, GRAFT and PRUNE without a pause',
  async run({ nodes, chainId }, tools) {
    const { signal, did } = tools
    const topic = blocksTopic(BigInt(chainId), 3)
    const ids = () => Array.from({ length: IDS_PER_MESSAGE }, () => randomBytes(ID_BYTES))
    const topics = Array.from({ length: IDS_PER_MESSAGE }, () => topic)
    const kinds = [
      ['ihave', () => encodeIhave(topic, ids())],
      ['iwant', () => encodeIwant(ids())],
      ['idontwant', () => encodeIdontwant(ids())],
      ['graft', () => encodeGrafts(topics)],
      ['prune', () => encodePrunes(topics)]
    ] as const
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, ({ connection }) =>
        withControl(connection, signal, async (send) => {
          for (let count = 0; !signal.aborted; count++) {
            const [kind, encode] = pick(kinds, count)
            await send(encode())
            did(kind)
          }
        })
      )
    )
  }
}
