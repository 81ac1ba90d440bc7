// Which web pages may call the RPC server: CORS for HTTP, and the Origin rule for WebSockets.
import { type FastifyInstance } from 'fastify'

/** Seconds for which a browser need not ask again; geth's. */
const PREFLIGHT_MAX_AGE_S = 600
const METHODS = 'GET, POST'

/** What an origin may be; `*` alone is any, a `*` in a rule is any part of a host. */
export interface AllowedOrigins {
  /** What a page of this origin is told to be allowed; undefined for none. geth's rule: the origin as it stands. */
  corsAnswer(origin: string): string | undefined
  /** As geth's rpc.wsHandshakeValidator: a caller without an origin is no web page, a rule without a port is of any. */
  mayOpenSocket(origin: string | undefined): boolean
}

/** Reads the rules once; an empty list allows no web page at all. */
export function createAllowedOrigins(rules: readonly string[]): AllowedOrigins {
  const isAny = rules.includes('*')
  const patterns = rules.map((rule) => toPattern(rule.toLowerCase()))
  const isListed = (origin: string) => patterns.some((pattern) => matches(pattern, origin))
  return {
    corsAnswer(origin) {
      if (isAny) return '*'
      return isListed(origin.toLowerCase()) ? origin : undefined
    },
    mayOpenSocket(origin) {
      if (origin === undefined || isAny) return true
      const lower = origin.toLowerCase()
      return isListed(lower) || isListed(lower.replace(/:\d+$/, ''))
    }
  }
}

interface Pattern {
  readonly start: string
  /** Undefined where the rule has no `*`. */
  readonly end: string | undefined
}

function toPattern(rule: string): Pattern {
  const [start = '', ...rest] = rule.split('*')
  return { start, end: rest.length === 0 ? undefined : rest.join('*') }
}

function matches({ start, end }: Pattern, origin: string): boolean {
  if (end === undefined) return origin === start
  return (
    origin.length >= start.length + end.length && origin.startsWith(start) && origin.endsWith(end)
  )
}

/**
 * Lets pages of these origins read answers, and answers what a browser asks ahead of a request. Headers are set on the
 * raw response, since most answers are written there. Without rules a server says nothing of origins.
 */
export function addCors(server: FastifyInstance, rules: readonly string[]): void {
  if (rules.length === 0) return
  const allowed = createAllowedOrigins(rules)
  server.addHook('onRequest', async ({ method, headers }, reply) => {
    const { origin } = headers
    if (origin === undefined) return
    reply.raw.setHeader('vary', 'Origin')
    const answer = allowed.corsAnswer(origin)
    if (answer !== undefined) reply.raw.setHeader('access-control-allow-origin', answer)
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return
    if (answer !== undefined) {
      reply.raw.setHeader('access-control-allow-methods', METHODS)
      const asked = headers['access-control-request-headers']
      if (asked !== undefined) reply.raw.setHeader('access-control-allow-headers', asked)
      reply.raw.setHeader('access-control-max-age', PREFLIGHT_MAX_AGE_S)
    }
    await reply.code(204).send()
  })
}
