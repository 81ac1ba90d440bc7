// What our HTTP servers have in common: deadlines, bounds on connections, which names they answer to, their end.
import { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import { ConnectionGuard, type ConnectionLimits } from './connection-guard.ts'
import { createHostCheck } from './allowed-hosts.ts'
import { addCors } from './allowed-origins.ts'
import { type HttpServerName, listenOn } from './http-listen.ts'

/** Deadlines and bounds of one server. */
export interface HttpLimits extends ConnectionLimits {
  /** From a connection, or an answer, to all headers of the request. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to its last; geth's read timeout. */
  readonly requestTimeoutMs: number
  /** Without a request; geth's idle timeout. */
  readonly idleTimeoutMs: number
  /** From the last byte of a request to the first of its answer; geth's write timeout. */
  readonly workTimeoutMs: number
  /** From the first byte of an answer to its last. */
  readonly answerTimeoutMs: number
  /** Between two pings of a WebSocket; one that said nothing since the last is cut off. geth's. */
  readonly pingIntervalMs: number
}

/** Of the RPC server. Files stay for peers and databases at a limit of 1,024. */
export const RPC_HTTP_LIMITS: HttpLimits = {
  connectionsMax: 256,
  perClientMax: 64,
  graceMs: 100,
  pipelinedMax: 4,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 120_000,
  workTimeoutMs: 30_000,
  answerTimeoutMs: 30_000,
  pingIntervalMs: 30_000
}

/** Of the metrics server. */
export const METRICS_HTTP_LIMITS: HttpLimits = {
  ...RPC_HTTP_LIMITS,
  connectionsMax: 32,
  perClientMax: 8
}

/** Between two looks at the deadlines of headers and requests. */
const DEADLINE_LOOK_MS = 1_000
const HEADERS_MAX_BYTES = 16 * 1024
const HOST_REFUSED =
  'this Host is not allowed: call the node by its address, or by a name that --rpc-hosts of the node has'

/** Where a server listens, and under which names it is reached. */
export interface HttpAddress {
  readonly host: string
  /** 0 lets the operating system choose. */
  readonly port: number
  /** Names besides the bound address and the loopback names that a Host header may carry; undefined for any. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Origins of the web pages that may call. */
  readonly allowedOrigins?: readonly string[] | undefined
}

/** A server that listens. */
export interface HttpServer {
  readonly url: string
  /** Connections that are open. */
  connectionsCount(): number
  close(): Promise<void>
}

/** What routes are added to. */
export interface HttpHost {
  readonly server: FastifyInstance
  readonly guard: ConnectionGuard
  /** Adds the routes and listens, or throws HttpError. */
  listen(
    name: HttpServerName,
    address: HttpAddress,
    addRoutes: () => void | Promise<void>
  ): Promise<HttpServer>
}

/** A server without routes. */
export function createHttpHost(limits: HttpLimits): HttpHost {
  const server = fastify({
    logger: false,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    forceCloseConnections: true,
    http: {
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      connectionsCheckingInterval: Math.min(DEADLINE_LOOK_MS, limits.headersTimeoutMs),
      maxHeaderSize: HEADERS_MAX_BYTES
    }
  })
  const guard = new ConnectionGuard(server.server, limits)
  limitExchanges(server.server, limits)
  return {
    server,
    guard,
    async listen(name, { host, port, allowedHosts, allowedOrigins = [] }, addRoutes) {
      if (allowedHosts !== undefined) checkHosts(server, host, allowedHosts)
      addCors(server, allowedOrigins)
      await addRoutes()
      const url = await listenOn(server, name, { host, port })
      return {
        url,
        connectionsCount: () => guard.connectionsCount,
        async close() {
          await server.close()
        }
      }
    }
  }
}

/**
 * An answer of any route is taken within its deadlines, or cut off. An answer that waits behind another one on its
 * connection does not hear of that one's end, so its deadline ends with the connection.
 */
function limitExchanges(
  server: Server,
  { requestTimeoutMs, workTimeoutMs, answerTimeoutMs }: HttpLimits
): void {
  const longestMs = requestTimeoutMs + workTimeoutMs + answerTimeoutMs
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (socket.destroyed) return // the connection guard has cut it off for this request
    const end = () => {
      clearTimeout(deadline)
      socket.off('close', end)
      response.off('close', end)
    }
    const deadline = setTimeout(() => response.destroy(), longestMs)
    socket.once('close', end)
    response.once('close', end)
  })
}

function checkHosts(server: FastifyInstance, host: string, allowedHosts: readonly string[]): void {
  const isAllowed = createHostCheck(host, allowedHosts)
  server.addHook('onRequest', async ({ headers }, reply) => {
    if (!isAllowed(headers.host ?? '')) {
      await reply.code(403).send({ error: HOST_REFUSED })
    }
  })
}
