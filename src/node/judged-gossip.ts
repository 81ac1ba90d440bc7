// Gossip that is on its way in when a peer asks for our tip: read, judged and written before the answer.
import { type Clock } from '../base/clock.ts'
import { DeadlineError, withDeadline } from '../base/deadline.ts'
import { type BlockGossip } from '../gossip/block-gossip.ts'
import { type Network } from '../net/network.ts'
import { RequestRefused, type ServeContext } from '../reqresp/responder.ts'

/** Less than an asker waits for its answer (TIP_DEADLINE_MS), so that it is told why there is none. */
export const JUDGING_MAX_MS = 4_000

/** Whom gossip comes from, and who judges it. */
export interface JudgingDeps {
  readonly clock: Clock
  readonly network: Pick<Network, 'closeOlderConnections'>
  readonly gossip: Pick<BlockGossip, 'drain'>
}

/**
 * Closes the asker's older connections; resolves once all that they brought, and all other gossip that came so far, is
 * judged and written (TI-10). Throws RequestRefused after JUDGING_MAX_MS: an answer without it would be a guess.
 */
export async function untilJudged(
  { clock, network, gossip }: JudgingDeps,
  { stream, signal }: Pick<ServeContext, 'stream' | 'signal'>
): Promise<void> {
  const deadline = { clock, signal, what: 'judging gossip', ms: JUDGING_MAX_MS }
  try {
    await withDeadline(deadline, async (inner) => {
      await network.closeOlderConnections(stream, inner)
      await gossip.drain()
    })
  } catch (thrown) {
    if (!(thrown instanceof DeadlineError)) throw thrown
    const reason = 'gossip that came before is not judged yet; ask again'
    throw new RequestRefused('unavailable', reason)
  }
}
