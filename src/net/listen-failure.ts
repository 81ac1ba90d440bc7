// Why an address cannot be listened on: libp2p's own error names no system error.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'

/** The system's error for a TCP multiaddr; undefined when it can be had now. */
export async function findListenFailure(address: string): Promise<Error | undefined> {
  const [host, port] = multiaddr(address).getComponents()
  const server = createServer()
  try {
    const listening = once(server, 'listening')
    server.listen({ host: host?.value, port: Number(port?.value) })
    await listening
    return undefined
  } catch (thrown) {
    return thrown as Error
  } finally {
    server.close()
  }
}
