// Loopback ports for a cluster: chosen by the operating system, kept over restarts.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** So many different ports that were free a moment ago, all held at once while they are chosen. */
export async function chooseFreePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    })
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    })
  )
  return ports
}
