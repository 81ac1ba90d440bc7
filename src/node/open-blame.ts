// Who is to blame, kept beside the chain over restarts.
import { z } from 'zod'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { createNamedValue } from '../chain/stored/named-value.ts'
import { Blame, type BlamedPeer } from '../peer/blame.ts'
import { type OpenStores } from './open-stores.ts'

const blamedPeers = z.array(
  z.object({
    peer: z.string(),
    heavyCount: z.number().int().nonnegative(),
    bannedUntilMs: z.number().nonnegative()
  })
)

/** The blame of one node, kept beside its chain. What was kept and cannot be read is started anew, with a line. */
export function openBlame(
  { chainStore }: Pick<OpenStores, 'chainStore'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  isConfigured: (peer: string) => boolean
): Blame {
  const value = createNamedValue<readonly BlamedPeer[]>(chainStore, 'blame', (json) =>
    blamedPeers.parse(json)
  )
  const load = () => {
    try {
      return value.load()
    } catch (thrown) {
      log.warn('blame-unreadable', { reason: errorMessage(thrown) })
      return undefined
    }
  }
  const onSaveFailed = (thrown: unknown) => {
    log.warn('blame-not-saved', { reason: errorMessage(thrown) })
  }
  return new Blame(
    {
      clock,
      store: { load, save: (peers: readonly BlamedPeer[]) => value.save(peers) },
      onSaveFailed
    },
    isConfigured
  )
}
