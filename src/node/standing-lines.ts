// A line of the log when the node becomes ready, and when it says another reason why it is not.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type Service } from '../base/service.ts'
import { type NodeStanding } from './node-standing.ts'

/** The node is looked at so often, so no more lines come. */
export const STANDING_LOOK_MS = 1_000

/** What a line says. */
type ShownStanding = Pick<
  NodeStanding,
  'kind' | 'says' | 'headNumber' | 'headAgeMs' | 'behindCount' | 'named' | 'namedConnectedCount'
>

/** Recovery has lines of its own, so a recovery is no warning here. */
export function createStandingLines({
  clock,
  log,
  standing
}: {
  readonly clock: Clock
  readonly log: Log
  readonly standing: () => ShownStanding
}): Service {
  let said: string | undefined
  const look = () => {
    const { kind, says, headNumber, headAgeMs, behindCount, ...peers } = standing()
    if (says === said) return
    said = says
    const facts = {
      state: says,
      head: headNumber,
      headAgeSeconds: Math.floor(headAgeMs / 1_000),
      behindBlocks: behindCount,
      namedPeers: peers.named.length,
      namedPeersConnected: peers.namedConnectedCount
    }
    if (kind === 'ready') log.info('ready', facts)
    else if (kind === 'recovering') log.info('not-ready', facts)
    else log.warn('not-ready', facts)
  }
  return {
    async run(signal) {
      while (!signal.aborted) {
        look()
        await clock.sleep(STANDING_LOOK_MS, signal).catch(() => undefined) // aborted: it ends
      }
    }
  }
}
