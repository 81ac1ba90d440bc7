// Servers of one chain in processes of their own, and a place for whoever receives from them.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPeerKey } from '../../src/net/peer-key.ts'
import { answerOf, BenchProcess } from './bench-process.ts'
import { buildBulkChain, type BulkShape } from './bulk-chain.ts'
import { type BulkClientSpec, type BulkTaken, receiveBulk } from './bulk-client.ts'
import { joinBulk, type Joined, serveBulk } from './bulk-nodes.ts'
import { serveBare } from './bulk-server.ts'
import { buildState, type StateBuilt } from './state-builder.ts'

const NODES = new URL('./bulk-nodes.js', import.meta.url).href
const SERVER = new URL('./bulk-server.js', import.meta.url).href
const BUILDER = new URL('./state-builder.js', import.meta.url).href
const CLIENT = new URL('./bulk-client.js', import.meta.url).href

/** One chain, and who serves it. */
export class BulkCluster {
  readonly #directory: string
  readonly #height: number
  readonly #accountsCount: number
  readonly #nodes: BenchProcess[] = []
  readonly #bare: BenchProcess[] = []
  #nodeAddresses: string[] = []
  #bareAddresses: string[] = []
  #receiversCount = 0

  constructor(directory: string, { blocksCount, accountsCount = 0 }: BulkShape) {
    this.#directory = directory
    this.#height = blocksCount
    this.#accountsCount = accountsCount
  }

  /** Builds the chain, and starts the servers of each kind: whole nodes, and what serves without a node. */
  static async start(
    shape: BulkShape,
    servers: { readonly nodes: number; readonly bare: number }
  ): Promise<BulkCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
    const cluster = new BulkCluster(directory, shape)
    try {
      await buildBulkChain(join(directory, 'chain'), shape)
      await cluster.#startServers(servers)
      return cluster
    } catch (thrown) {
      await cluster.close()
      throw thrown
    }
  }

  /** A node with nothing joins from the nodes. */
  async join(): Promise<Joined> {
    const receiver = this.#nextReceiver()
    const [height, accountsCount] = [this.#height, this.#accountsCount]
    const spec = { ...receiver, peers: this.#nodeAddresses, height, accountsCount }
    return this.#cleaned(receiver.dataDir, () => answerOf<Joined>(NODES, joinBulk.name, spec))
  }

  /** The state that the chain begins with is built in a directory of its own, without a node. */
  async buildState(): Promise<StateBuilt> {
    const { dataDir } = this.#nextReceiver()
    const spec = { dataDir, accountsCount: this.#accountsCount }
    return this.#cleaned(dataDir, () => answerOf<StateBuilt>(BUILDER, buildState.name, spec))
  }

  /** A client receives, by the first of the servers without a node or by all of them. */
  async receive(
    { way, depth }: Pick<BulkClientSpec, 'way' | 'depth'>,
    serversCount = this.#bareAddresses.length
  ): Promise<BulkTaken> {
    const receiver = this.#nextReceiver()
    const peers = this.#bareAddresses.slice(0, serversCount)
    const spec = { ...receiver, peers, height: this.#height, way, depth }
    return this.#cleaned(receiver.dataDir, () =>
      answerOf<BulkTaken>(CLIENT, receiveBulk.name, spec)
    )
  }

  /** Ends everything and deletes the directory. */
  async close(): Promise<void> {
    await Promise.all([...this.#nodes, ...this.#bare].map((server) => server.end()))
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #startServers({ nodes, bare }: { readonly nodes: number; readonly bare: number }) {
    const { peerId } = await createPeerKey(this.#path('receiver.key'))
    const start = async (name: string, module: string, entry: string, peers: readonly string[]) => {
      await cp(this.#path('chain'), this.#path(name), { recursive: true })
      const peerKeyFile = this.#path(`${name}.key`)
      await createPeerKey(peerKeyFile)
      const accountsCount = this.#accountsCount
      const spec = { dataDir: this.#path(name), peerKeyFile, peers, accountsCount }
      return BenchProcess.start(module, entry, spec)
    }
    for (let count = 0; count < nodes; count++) {
      const known = [`/p2p/${peerId}`]
      this.#nodes.push(await start(`node-${String(count)}`, NODES, serveBulk.name, known))
    }
    for (let count = 0; count < bare; count++) {
      this.#bare.push(await start(`bare-${String(count)}`, SERVER, serveBare.name, []))
    }
    this.#nodeAddresses = await addressesOf(this.#nodes)
    this.#bareAddresses = await addressesOf(this.#bare)
  }

  #nextReceiver() {
    this.#receiversCount += 1
    const dataDir = this.#path(`receiver-${String(this.#receiversCount)}`)
    return { dataDir, peerKeyFile: this.#path('receiver.key') }
  }

  async #cleaned<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

async function addressesOf(servers: readonly BenchProcess[]): Promise<string[]> {
  const answers = await Promise.all(
    servers.map((server) => server.answer<{ readonly multiaddr: string }>())
  )
  return answers.map(({ multiaddr }) => multiaddr)
}
