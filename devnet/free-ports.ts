// Loopback ports for a cluster: free when they are chosen, and still free when a killed node comes back.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below the ports that Linux and macOS give to outgoing connections, which would take a dead node's. */
const PORT_MIN = 15_000
const PORT_END = 32_000
/** Ports tried for each one that is wanted. */
const TRIES_PER_PORT = 50

/** So many different ports that were free a moment ago, all held at once while they are chosen. */
export async function chooseFreePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, Server>()
  try {
    for (let tries = 0; servers.size < count; tries++) {
      if (tries >= count * TRIES_PER_PORT) throw new Error(`no ${String(count)} ports are free`)
      const port = PORT_MIN + Math.floor(Math.random() * (PORT_END - PORT_MIN))
      const server = servers.has(port) ? undefined : await listenOn(port)
      if (server !== undefined) servers.set(port, server)
    }
    return [...servers.keys()]
  } finally {
    await Promise.all([...servers.values()].map(closeServer))
  }
}

/** Undefined when somebody else has the port. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined // taken: the next one is tried
  }
}

async function closeServer(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
