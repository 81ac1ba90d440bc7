// Loopback ports for clusters: free when they are chosen, and nobody else's while a killed node is away.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { SerialExecutor } from '../../src/base/serial.ts'

/** Below the ports that Linux and macOS give to outgoing connections, which would take a dead node's. */
const PORT_MIN = 15_000
/** Ports are taken in blocks. The first of a block is held by the process that has it, for as long as it lives. */
const BLOCK_PORTS = 50
const BLOCKS_COUNT = 340

/** Of the blocks this process has; nobody was given these yet. */
const spare: number[] = []
const taken = new Set<number>()
const choices = new SerialExecutor('free ports', 1_000)

/**
 * So many different ports that are free, and that no other process gets from here while this one lives:
 * between the end of a node and its restart nobody listens, and another cluster would find its port free.
 */
export async function chooseFreePorts(count: number): Promise<readonly number[]> {
  return choices.run(async () => {
    while (spare.length < count) spare.push(...(await takeBlock()))
    return spare.splice(0, count)
  })
}

/** The ports of a block that nobody has. It starts anywhere, so that processes seldom meet. */
async function takeBlock(): Promise<readonly number[]> {
  const start = Math.floor(Math.random() * BLOCKS_COUNT)
  for (let step = 0; step < BLOCKS_COUNT; step++) {
    const first = PORT_MIN + ((start + step) % BLOCKS_COUNT) * BLOCK_PORTS
    if (taken.has(first)) continue
    const guard = await listenOn(first)
    if (guard === undefined) continue
    guard.unref() // held to the end of the process, without keeping it from ending
    taken.add(first)
    const ports: number[] = []
    for (let port = first + 1; port < first + BLOCK_PORTS; port++) {
      if (await isFree(port)) ports.push(port)
    }
    return ports
  }
  throw new Error(`all ports from ${String(PORT_MIN)} on are taken, or held by clusters that run`)
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port)
  if (server === undefined) return false
  server.close()
  await once(server, 'close')
  return true
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
