// `/metrics` for Prometheus, on an address of its own: what the node is doing, and how its process fares.
import fastify from 'fastify'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { listenOn } from './http-listen.ts'

/** Gauges by their name without prefix; undefined values are left out. */
export type MetricValues = Readonly<Record<MetricName, number | undefined>>

const METRICS = {
  head_number: 'Height of the canonical head',
  accepted_number: 'Highest block whose signed message is stored and synced',
  replicated_number: 'Highest block that a majority of the backups reports accepted',
  gate_open: '1 while the sequencer may build',
  recovering: '1 while recovery has work to do or waits',
  conflicts: 'Conflicting branches seen',
  peers: 'Connected peers',
  pool_pending: 'Transactions that can run',
  pool_queued: 'Transactions that wait for a nonce before them',
  state_layers: 'Layers of state in memory'
} as const

/** Names as Prometheus sees them after the prefix `rekindle_`. */
export type MetricName = keyof typeof METRICS

/** A server that listens. */
export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts the server; `read` is called for each scrape. Throws HttpError. */
export async function startMetricsServer(
  read: () => MetricValues,
  address: { readonly host: string; readonly port: number }
): Promise<MetricsServer> {
  const register = new Registry()
  collectDefaultMetrics({ register })
  for (const [name, help] of Object.entries(METRICS) as [MetricName, string][]) {
    new Gauge({
      name: `rekindle_${name}`,
      help,
      registers: [register],
      collect() {
        const value = read()[name]
        if (value === undefined) this.remove()
        else this.set(value)
      }
    })
  }
  const server = fastify({ logger: false, forceCloseConnections: true })
  server.get('/metrics', async (_, reply) => {
    await reply.type(register.contentType).send(await register.metrics())
  })
  const url = await listenOn(server, 'metrics', address)
  return {
    url,
    async close() {
      await server.close()
      register.clear()
    }
  }
}
