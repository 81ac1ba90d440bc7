// What can go wrong with the network itself, before any peer is involved.
import { NodeError } from '../base/node-error.ts'

/** One closed union for the folder. */
export type NetFailure = {
  readonly code: 'listen-unavailable'
  readonly multiaddr: string
  readonly reason: string
}

/** Thrown when a host cannot be started. */
export class NetError extends NodeError<NetFailure> {}
