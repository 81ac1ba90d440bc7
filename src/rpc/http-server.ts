// JSON-RPC over HTTP and WebSocket on one port, and health. Web pages must not reach it: host allow-list, JSON only, CORS where it is configured.
import { type FastifyRequest } from 'fastify'
import { type Log } from '../base/log.ts'
import { type AdminAccess } from './admin-access.ts'
import { CallServer } from './call-server.ts'
import { answerHealth, type Health } from './health-page.ts'
import {
  createHttpHost,
  type HttpAddress,
  type HttpHost,
  type HttpLimits,
  type HttpServer,
  RPC_HTTP_LIMITS
} from './http-host.ts'
import { type MethodTable } from './json-rpc.ts'
import { type SubscriptionHub } from './subscriptions.ts'
import { addWebSockets } from './websocket-route.ts'

/** What the server answers from. */
export interface HttpServerDeps {
  readonly methods: MethodTable
  /** Left out: nobody may call more than `methods`. */
  readonly admin?: AdminAccess
  readonly health: () => Health
  /** Left out: nobody can subscribe to anything. */
  readonly subscriptions?: SubscriptionHub
  readonly log: Log
}

/** Listens, or throws HttpError. */
export async function startHttpServer(
  deps: HttpServerDeps,
  { allowedHosts = [], allowedOrigins = [], ...address }: HttpAddress,
  limits: HttpLimits = RPC_HTTP_LIMITS
): Promise<HttpServer> {
  const host = createHttpHost(limits)
  return host.listen('rpc', { ...address, allowedHosts, allowedOrigins }, () =>
    addRoutes(host, deps, { limits, allowedOrigins })
  )
}

interface RouteOptions {
  readonly limits: HttpLimits
  readonly allowedOrigins: readonly string[]
}

async function addRoutes(
  host: HttpHost,
  deps: HttpServerDeps,
  { limits, allowedOrigins }: RouteOptions
): Promise<void> {
  const { server, guard } = host
  const { methods, admin, health, log, subscriptions } = deps
  const calls = new CallServer(log, limits)
  const rightsOf = ({ headers: { authorization }, socket: { remoteAddress } }: FastifyRequest) => {
    const caller = { authorization, remoteAddress }
    return {
      methods: admin?.tableFor(caller) ?? methods,
      isOperator: admin?.isOperator(caller) ?? false
    }
  }
  server.removeAllContentTypeParsers()
  // Bodies are read when it is their turn, by http-body.ts.
  server.addContentTypeParser('application/json', (_, payload, done) => done(null, payload))
  await addWebSockets(host, { calls, subscriptions, rightsOf }, { limits, allowedOrigins })
  server.post('/', async (call, reply) => {
    const { raw: request, socket } = call
    const rights = rightsOf(call)
    reply.hijack()
    const connection = guard.of(socket)
    await calls.answer({ request, response: reply.raw, connection, rights })
  })
  server.get('/health', async ({ query }, reply) => {
    const { status, content } = answerHealth(health(), query)
    return reply.code(status).send(content)
  })
  // The event loop turns: all that a restart could mend. A node that recovers or waits must not be killed for it.
  server.get('/live', async () => ({ ok: true }))
  server.setErrorHandler(async (error: { statusCode?: number; message: string }, _, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) log.error('rpc-request-failed', { reason: error.message })
    await reply.code(status).send({ error: status >= 500 ? 'internal error' : error.message })
  })
}
