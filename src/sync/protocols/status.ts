// status as this node speaks it; what a peer claims is judged where it is kept (sync/status-loop.ts).
import { STATUS, type Status } from '../../../protocols/status/codec.ts'
import { DEADLINES, type ServedProtocol } from '../../reqresp/served-protocol.ts'

/** What the answer is made of; the status loop satisfies it. */
export interface StatusSource {
  /** Takes the asker's claims, and yields our own status. */
  readonly status: { answer(peer: string, theirs: Status): Iterable<Status> }
}

/** Claims for claims. */
export const SERVED_STATUS: ServedProtocol<Status, Status, StatusSource> = {
  def: STATUS,
  costTokens: 1,
  lane: 'small',
  deadlines: DEADLINES,
  isNeeded: true,
  serve: ({ status }, theirs, { peer }) => status.answer(peer, theirs)
}
