// JSON-RPC and health over HTTP. Web pages must not reach it: host allow-list, JSON only, no CORS.
import fastify, { type FastifyInstance } from 'fastify'
import { type Log } from '../base/log.ts'
import { type AdminAccess } from './admin-access.ts'
import { createHostCheck } from './allowed-hosts.ts'
import { listenOn } from './http-listen.ts'
import { answerBody, answerParseError, type MethodTable } from './json-rpc.ts'

/** A request's body: a batch of transactions of the largest size is far below it. */
export const BODY_MAX_BYTES = 5 * 2 ** 20
/** A client that sends its request slower than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000
const HOST_REFUSED =
  'this Host is not allowed: call the node by its address, or by the name that rpc has in its configuration'

/** What `/health` says. */
export interface Health {
  readonly ok: boolean
  /** `ready`, `following`, or what the node is doing instead. */
  readonly state: string
  readonly [fact: string]: unknown
}

/** What the server answers from. */
export interface HttpServerDeps {
  readonly methods: MethodTable
  /** Left out: nobody may call more than `methods`. */
  readonly admin?: AdminAccess
  readonly health: () => Health
  readonly log: Log
}

/** Where it listens, and under which names it is reached. */
export interface HttpServerOptions {
  readonly host: string
  /** 0 lets the operating system choose. */
  readonly port: number
  /** Names besides the bound address and the loopback names that a Host header may carry. */
  readonly allowedHosts?: readonly string[]
}

/** A server that listens. */
export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

/** Listens, or throws HttpError. */
export async function startHttpServer(
  deps: HttpServerDeps,
  { host, port, allowedHosts = [] }: HttpServerOptions
): Promise<HttpServer> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true
  })
  const isAllowed = createHostCheck(host, allowedHosts)
  server.addHook('onRequest', async ({ headers, socket }, reply) => {
    if (!isAllowed(headers.host ?? '', socket.localAddress)) {
      await reply.code(403).send({ error: HOST_REFUSED })
    }
  })
  addRoutes(server, deps)
  const url = await listenOn(server, 'rpc', { host, port })
  return {
    url,
    async close() {
      await server.close()
    }
  }
}

function addRoutes(server: FastifyInstance, { methods, admin, health, log }: HttpServerDeps): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
    done(null, body)
  })
  server.post('/', async (request, reply) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(request.body as string)
    } catch {
      return reply.send(answerParseError())
    }
    const { headers, socket } = request
    const { authorization } = headers
    const { remoteAddress } = socket
    const allowed = admin?.tableFor({ authorization, remoteAddress }) ?? methods
    const answer = await answerBody({ methods: allowed, log }, parsed)
    return answer === undefined ? reply.code(204).send() : reply.send(answer)
  })
  server.get('/health', async (_, reply) => {
    const state = health()
    return reply.code(state.ok ? 200 : 503).send(state)
  })
  server.setErrorHandler(async (error: { statusCode?: number; message: string }, _, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) log.error('rpc-request-failed', { reason: error.message })
    await reply.code(status).send({ error: status >= 500 ? 'internal error' : error.message })
  })
}
