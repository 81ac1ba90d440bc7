// A stranger that answers the node's question who it is in its own way, and says it unasked where the node listens.
import { type Stream } from '@libp2p/interface'
import { type Attack, type Target } from '../attack.ts'
import { openStream } from '../../../../protocols/conformance/suite-host.ts'
import { crowd, pause, pick } from './crowd.ts'
import { withStranger } from './stranger-peer.ts'

const STRANGERS = 8
const IDENTIFY = '/ipfs/id/1.0.0'
const PUSH = '/ipfs/id/push/1.0.0'
/** A node that asks nothing in this time will not. */
const ASKED_WITHIN_MS = 5_000

/** Fills a stream; `count` tells one from the next. */
export type FillStream = (stream: Stream, count: number) => Promise<void>

/** Connects, fills what the node opens or takes, and comes back as another peer. */
export async function answerIdentify(
  { nodes }: Target,
  tools: Parameters<Attack['run']>[1],
  fill: FillStream
): Promise<void> {
  const { signal, did } = tools
  let count = 0
  await crowd(tools, STRANGERS, (stranger) =>
    withStranger(pick(nodes, stranger), stranger, async ({ host, connection }) => {
      const asked = new AbortController()
      await host.unhandle(IDENTIFY)
      await host.handle(IDENTIFY, async (stream) => {
        did('answers')
        await fill(stream, count++)
        asked.abort()
      })
      const push = await openStream(connection, PUSH)
      if (push !== undefined) {
        did('pushes')
        await fill(push, count++)
      }
      await pause(ASKED_WITHIN_MS, AbortSignal.any([signal, asked.signal]))
    })
  )
}
