// Requests that ask for another protocol: WebSockets go to their door; what nobody speaks here is served as plain HTTP.
import { type IncomingMessage, type Server } from 'node:http'
import { type Duplex } from 'node:stream'

/** What takes a request for a WebSocket, as the `upgrade` event of Node's server gives it. */
export type UpgradeDoor = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

const NOT_PASSED_ON: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings'])

/**
 * Sorts the upgrades of a server. A server may leave out an upgrade that it does not know (RFC 9110, 7.8), and has to:
 * clients of Java offer `h2c` with their first request. Node gives all of them to who listens for one.
 */
export function sortUpgrades(server: Server, door: UpgradeDoor): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      door(request, socket, head)
      return
    }
    socket.unshift(Buffer.concat([Buffer.from(plainHead(request), 'latin1'), head]))
    server.emit('connection', socket)
  })
}

/** The request once more, without what it asks to change to. */
function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/${httpVersion}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    if (!NOT_PASSED_ON.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
