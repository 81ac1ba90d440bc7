// The wires of a cluster: every connection between two nodes runs over a loopback port that can be cut.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createSlowWire, type Slowness } from './slow-wire.ts'

/** The checkers' own peer, which has wires to all nodes. */
export const OBSERVER = 'observer'

/** Which port leads from whom to whom. */
export class LinkPorts {
  readonly #ports = new Map<string, number>()

  /** Throws RangeError unless there are as many ports as `countFor` says. */
  constructor(nodes: readonly string[], ports: readonly number[]) {
    const pairs = linkPairs(nodes)
    if (pairs.length !== ports.length) throw new RangeError(`${String(pairs.length)} links`)
    for (const [at, [from, to]] of pairs.entries()) this.#ports.set(linkName(from, to), ports[at]!)
  }

  static countFor(nodes: readonly string[]): number {
    return linkPairs(nodes).length
  }

  port(from: string, to: string): number {
    const port = this.#ports.get(linkName(from, to))
    if (port === undefined) throw new Error(`no link from ${from} to ${to}`)
    return port
  }
}

/** One direction of dialling between two nodes. */
interface Link {
  readonly from: string
  readonly to: string
  readonly server: Server
  readonly sockets: Set<Socket>
}

/** The wires while the cluster runs. A node that is down refuses every dial through a link. */
export class Links {
  readonly #links: Link[] = []
  readonly #cut = new Set<string>()
  readonly #slow = new Map<string, Slowness>()

  /** Opens all links; `targets` holds where each node listens itself. */
  static async open(ports: LinkPorts, targets: ReadonlyMap<string, number>): Promise<Links> {
    const links = new Links()
    try {
      for (const [to, target] of targets) {
        for (const from of [...targets.keys(), OBSERVER].filter((name) => name !== to)) {
          await links.#listen({ from, to, port: ports.port(from, to), target })
        }
      }
      return links
    } catch (thrown) {
      await links.close()
      throw thrown
    }
  }

  /** Ends what the node's connections carry, and refuses new ones, until `mend`. */
  cut(node: string): void {
    this.#cut.add(node)
    for (const { from, to, sockets } of this.#links) {
      if (from !== node && to !== node) continue
      for (const socket of sockets) socket.destroy()
    }
  }

  mend(node: string): void {
    this.#cut.delete(node)
  }

  /** All wires of the node carry their bytes so slowly, those that are open too; undefined: at once. */
  slow(node: string, slowness: Slowness | undefined): void {
    if (slowness === undefined) this.#slow.delete(node)
    else this.#slow.set(node, slowness)
  }

  isCut(node: string): boolean {
    return this.#cut.has(node)
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#links.map(async ({ server, sockets }) => {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      })
    )
    this.#links.length = 0
  }

  async #listen(wire: {
    readonly from: string
    readonly to: string
    readonly port: number
    readonly target: number
  }): Promise<void> {
    const { from, to, port, target } = wire
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      if (this.#cut.has(from) || this.#cut.has(to)) {
        near.destroy()
        return
      }
      const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
      join(near, far, { sockets, slowness: () => this.#slow.get(from) ?? this.#slow.get(to) })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#links.push({ from, to, server, sockets })
  }
}

/** Both sockets carry the same bytes and die together. */
function join(
  near: Socket,
  far: Socket,
  {
    sockets,
    slowness
  }: { readonly sockets: Set<Socket>; readonly slowness: () => Slowness | undefined }
): void {
  far.setNoDelay(true)
  for (const [socket, other] of [
    [near, far],
    [far, near]
  ] as const) {
    sockets.add(socket)
    const wire = createSlowWire(slowness)
    socket.on('error', () => {
      socket.destroy() // reset or refused: the other side is told by its own end
    })
    socket.on('close', () => {
      sockets.delete(socket)
      wire.destroy()
      other.destroy()
    })
    socket.pipe(wire).pipe(other)
  }
}

function linkPairs(nodes: readonly string[]): readonly (readonly [string, string])[] {
  return [...nodes, OBSERVER].flatMap((from) =>
    nodes.filter((to) => to !== from).map((to) => [from, to] as const)
  )
}

function linkName(from: string, to: string): string {
  return `${from} to ${to}`
}
