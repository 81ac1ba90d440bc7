// JSON-RPC and health over HTTP. Web pages must not reach it: host allow-list, JSON only, no CORS.
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

/** What the server answers from. */
export interface HttpServerDeps {
  readonly methods: MethodTable
  /** Left out: nobody may call more than `methods`. */
  readonly admin?: AdminAccess
  readonly health: () => Health
  readonly log: Log
}

/** Listens, or throws HttpError. */
export async function startHttpServer(
  deps: HttpServerDeps,
  { allowedHosts = [], ...address }: HttpAddress,
  limits: HttpLimits = RPC_HTTP_LIMITS
): Promise<HttpServer> {
  const host = createHttpHost(limits)
  return host.listen('rpc', { ...address, allowedHosts }, () => addRoutes(host, deps, limits))
}

function addRoutes(
  { server, guard }: HttpHost,
  { methods, admin, health, log }: HttpServerDeps,
  limits: HttpLimits
): void {
  const calls = new CallServer(log, limits)
  server.removeAllContentTypeParsers()
  // Bodies are read when it is their turn, by http-body.ts.
  server.addContentTypeParser('application/json', (_, payload, done) => done(null, payload))
  server.post('/', async ({ raw: request, headers, socket }, reply) => {
    const { authorization } = headers
    const { remoteAddress } = socket
    const caller = { authorization, remoteAddress }
    const rights = {
      methods: admin?.tableFor(caller) ?? methods,
      isOperator: admin?.isOperator(caller) ?? false
    }
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
