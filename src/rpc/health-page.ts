// `/health`: whether it is good to send requests here, by the node's own measure or with the age of head that the asker takes.

/** What `/health` says: 200 where it is ok to send requests here, else 503. `/live` says whether the process is. */
export interface Health {
  readonly ok: boolean
  /** `ready`, `following`, or the word of README.md's tables for what keeps it from that. */
  readonly state: string
  /** The clock minus the head's timestamp. */
  readonly headAgeSeconds?: number
  readonly [fact: string]: unknown
}

/** A page as it is sent. */
export interface HealthAnswer {
  readonly status: 200 | 400 | 503
  readonly content: Health | { readonly error: string }
}

/** What the page's query may say. */
const HEAD_AGE = 'headAgeSeconds'
/**
 * Words of a node that has all it can have: what is missing is new blocks, or somebody to hear them from. All backups say
 * them while a sequencer is down. `behind` is none of them: there a peer shows more. Erigon leaves the choice to the asker
 * too (cmd/rpcdaemon/health, `max_seconds_behind`).
 */
const WORDS_OF_AGE: ReadonlySet<string> = new Set(['behind-clock', 'no-peers'])

/** The answer to a query, parsed into names and values. */
export function answerHealth(health: Health, query: unknown): HealthAnswer {
  const asked = (query as Readonly<Record<string, unknown>> | undefined)?.[HEAD_AGE]
  if (asked === undefined) return answerOf(health)
  if (typeof asked !== 'string' || !/^\d{1,9}$/.test(asked)) {
    return { status: 400, content: { error: `${HEAD_AGE} is not a whole number of seconds` } }
  }
  const { state, headAgeSeconds = Infinity } = health
  const isTaken = WORDS_OF_AGE.has(state) && headAgeSeconds <= Number(asked)
  return answerOf(isTaken ? { ...health, ok: true } : health)
}

function answerOf(health: Health): HealthAnswer {
  return { status: health.ok ? 200 : 503, content: health }
}
