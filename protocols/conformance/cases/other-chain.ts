// Whether the node disconnects from a peer of another chain, and how soon: only then does a connection that stays open prove anything.
import { type Connection } from '@libp2p/interface'
import { waitUntil } from '../patience.ts'
import { type Subject } from '../subject.ts'
import { withPeer } from '../suite-peer.ts'
import { NotRun } from '../verdict.ts'

/** How long a connection stood after the node had heard of another chain; undefined: for as long as was looked. */
export type Reaction = number | undefined

/** Where nothing must happen, so much of the patience is waited at least. */
const CALM_PART = 1 / 4
/** And so many times what the same node took when it had to disconnect. */
const REACTIONS = 3

const served = new WeakMap<Subject, Promise<Reaction>>()

/** Waits for the end of a connection. */
export async function reactionOn(connection: Connection, { options }: Subject): Promise<Reaction> {
  const startMs = performance.now()
  const isGone = await waitUntil(() => connection.status !== 'open', options.patienceMs)
  return isGone ? performance.now() - startMs : undefined
}

/** The node's reaction to a request with a status of another chain; it is tried once for all cases. */
export function servedReaction(subject: Subject): Promise<Reaction> {
  const known = served.get(subject)
  if (known !== undefined) return known
  const reaction = tellOtherChain(subject, subject.ownStatus({ chainId: subject.chainId + 1n }))
  served.set(subject, reaction)
  return reaction
}

/** Says a status of another chain as a new peer. */
export async function tellOtherChain(subject: Subject, bytes: Uint8Array): Promise<Reaction> {
  return withPeer(subject.options, async ({ connection, ask }) => {
    await ask({ protocol: 'status', what: 'a status of another chain', bytes })
    return reactionOn(connection, subject)
  })
}

/** How long a node that need not disconnect is watched. Throws NotRun where it never does. */
export function calmMs({ options }: Subject, reaction: Reaction): number {
  if (reaction === undefined) {
    throw new NotRun('the node stays connected to peers of another chain too; see ST-10')
  }
  return Math.max(options.patienceMs * CALM_PART, reaction * REACTIONS)
}
