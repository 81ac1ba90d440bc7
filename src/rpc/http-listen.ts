// Listening of our HTTP servers, and why an address cannot be had.
import { type AddressInfo } from 'node:net'
import { type FastifyInstance } from 'fastify'
import { errorMessage, NodeError } from '../base/node-error.ts'

/** Which server it is; the config key of its address. */
export type HttpServerName = 'rpc' | 'metrics'

/** Why a server cannot listen. */
export type HttpFailure = {
  readonly code: 'http-address-unavailable'
  readonly server: HttpServerName
  readonly host: string
  readonly port: number
  readonly reason: string
}

/** Thrown at start. */
export class HttpError extends NodeError<HttpFailure> {}

/** Connections that the system keeps until we take them: fewer, and a burst of them makes others wait a second. */
const BACKLOG_MAX = 2_048

/** Resolves with the URL, where port 0 has become the one that was free. Throws HttpError. */
export async function listenOn(
  instance: FastifyInstance,
  server: HttpServerName,
  { host, port }: { readonly host: string; readonly port: number }
): Promise<string> {
  try {
    await instance.listen({ host, port, backlog: BACKLOG_MAX })
  } catch (thrown) {
    const reason = errorMessage(thrown)
    const failure = { code: 'http-address-unavailable', server, host, port, reason } as const
    throw new HttpError(failure, { cause: thrown })
  }
  const bound = instance.server.address() as AddressInfo
  const printedHost = host.includes(':') ? `[${host}]` : host
  return `http://${printedHost}:${String(bound.port)}`
}
