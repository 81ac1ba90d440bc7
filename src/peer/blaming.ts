// Counts a peer's fault, and carries out what follows from it.
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { BAN_MS, type Blame, type Fault } from './blame.ts'

/** What counts a fault: a peer that is banned by it is disconnected, in the background. */
export function createBlaming({
  log,
  blame,
  network
}: {
  readonly log: Log
  readonly blame: Pick<Blame, 'note'>
  readonly network: { disconnect(peer: string): Promise<void> }
}): (peer: string, fault: Fault) => void {
  return (peer, fault) => {
    const consequence = blame.note(peer, fault)
    if (consequence === 'benched') log.warn('peer-benched', { peer, fault, forMs: BAN_MS })
    if (consequence !== 'banned') return
    log.warn('peer-banned', { peer, fault, forMs: BAN_MS })
    network.disconnect(peer).catch((thrown: unknown) => {
      log.debug('disconnect-failed', { peer, reason: errorMessage(thrown) })
    })
  }
}
