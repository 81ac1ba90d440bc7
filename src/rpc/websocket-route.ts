// The WebSocket of the RPC server: on the port of HTTP, for callers that the Host and Origin rules let in.
import { createServer } from 'node:http'
import { type Duplex } from 'node:stream'
import websocket from '@fastify/websocket'
import { type FastifyRequest } from 'fastify'
import { createAllowedOrigins } from './allowed-origins.ts'
import { type CallRights, type CallServer } from './call-server.ts'
import { type HttpHost, type HttpLimits } from './http-host.ts'
import { type SubscriptionHub } from './subscriptions.ts'
import { sortUpgrades } from './upgrade-requests.ts'
import { MESSAGE_MAX_BYTES, type OpenWebSocket, serveWebSocket } from './websocket.ts'

/** Parts of one message, and chunks of the network that one part waits in: each has a cost of its own. */
const FRAGMENTS_MAX = 1_024
const CHUNKS_MAX = 4_096

/** What WebSockets are served with. */
export interface WebSocketDeps {
  readonly calls: CallServer
  readonly subscriptions: SubscriptionHub | undefined
  readonly rightsOf: (request: FastifyRequest) => CallRights
}

/** Adds the route; when the server closes, all of them are cut off at once. */
export async function addWebSockets(
  { server, guard }: HttpHost,
  { calls, subscriptions, rightsOf }: WebSocketDeps,
  {
    limits,
    allowedOrigins
  }: { readonly limits: HttpLimits; readonly allowedOrigins: readonly string[] }
): Promise<void> {
  const origins = createAllowedOrigins(allowedOrigins)
  const open = new Set<OpenWebSocket>()
  const options = {
    server: createServer(), // never listens: only upgrades to a WebSocket come through it
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: CHUNKS_MAX
  }
  const upgrading = new WeakSet<Duplex>()
  sortUpgrades(server.server, (request, socket, head) => {
    upgrading.add(socket)
    // An answer that is under way would end up within the frames.
    if (guard.isBusy(request.socket)) socket.destroy()
    else options.server.emit('upgrade', request, socket, head)
  })
  await server.register(websocket, {
    options,
    errorHandler: (_, socket) => socket.terminate(),
    preClose(done) {
      for (const one of open) one.stop()
      done()
    }
  })
  // Node's server has let go of the socket: without this, one that is refused would outlive every deadline and the
  // server. The library ends only those that came as far as its own hook, which the Host rule comes before.
  server.addHook('onResponse', async ({ raw: { socket } }) => {
    if (upgrading.has(socket)) socket.destroy()
  })
  const checkOrigin = async (
    request: FastifyRequest,
    reply: { code(status: number): { send(body: unknown): unknown } }
  ) => {
    if (!request.ws || origins.mayOpenSocket(request.headers.origin)) return
    await reply.code(403).send({ error: ORIGIN_REFUSED })
  }
  server.get('/', { websocket: true, onRequest: checkOrigin }, (socket, request) => {
    const raw = request.raw.socket
    const connection = guard.of(raw)
    const call = { connection, rights: rightsOf(request) }
    const one = serveWebSocket({ socket, raw, calls, subscriptions, limits }, call)
    open.add(one)
    socket.once('close', () => open.delete(one))
  })
}

const ORIGIN_REFUSED =
  'web pages of this origin may not call: --rpc-cors of the node names those that may'
