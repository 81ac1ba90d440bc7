// `/metrics` for Prometheus, on an address of its own: what the node is doing, and how its process fares.
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import {
  createHttpHost,
  type HttpAddress,
  type HttpLimits,
  type HttpServer,
  METRICS_HTTP_LIMITS
} from './http-host.ts'

/** Gauges by their name without prefix; undefined values are left out. */
export type MetricValues = Readonly<Record<MetricName, number | undefined>>

const METRICS = {
  head_number: 'Height of the canonical head',
  head_age_seconds: 'The clock minus the timestamp of the head',
  behind_blocks:
    'Blocks from the head to the highest known by named peers or the clock; 0 when caught up',
  ready: '1 while /health answers 200 to who names no age',
  syncing: '1 while eth_syncing does not answer false',
  accepted_number: 'Highest block whose signed message is stored and synced',
  replicated_number: 'Highest block that a majority of the backups reports accepted',
  gate_open: '1 while the sequencer may build',
  recovering: '1 while recovery has work to do or waits, and no block can come',
  join_share: 'How far a node that joins is, from 0 to 1; absent while it does not',
  recovery_items: 'What the running stage of recovery has done; absent while none runs',
  recovery_items_expected: 'The same in all, as far as can be told',
  recovery_items_per_second: 'Its rate since it began to run',
  recovery_peers: 'Peers that brought something for it',
  fetched_accounts: 'Accounts of a state that comes from peers; absent while none does',
  fetched_slots: 'Its storage slots',
  fetched_codes: 'Its codes',
  fetched_blocks: 'Blocks that came in the running stage of recovery; absent while none is fetched',
  conflicts: 'Conflicting branches seen',
  peers: 'Connected peers',
  named_peers_connected:
    'Of the peers and backups that the operator named, those that are connected',
  pool_pending: 'Transactions that can run',
  pool_queued: 'Transactions that wait for a nonce before them',
  state_layers: 'Layers of state in memory',
  state_entries_mended: 'Damaged entries of the state database that were put right since the start',
  state_entries_damaged: 'Damaged entries of the state database that nobody served yet'
} as const

/** Names as Prometheus sees them after the prefix `rekindle_`. */
export type MetricName = keyof typeof METRICS

/** Starts the server; `read` is called for each scrape, one at a time for all that ask meanwhile. Throws HttpError. */
export async function startMetricsServer(
  read: () => MetricValues,
  { host, port }: HttpAddress,
  limits: HttpLimits = METRICS_HTTP_LIMITS
): Promise<HttpServer> {
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
  let underWay: Promise<string> | undefined
  const scrape = () => {
    underWay ??= register.metrics().finally(() => {
      underWay = undefined
    })
    return underWay
  }
  const http = createHttpHost(limits)
  const listening = await http.listen('metrics', { host, port }, () => {
    http.server.get('/metrics', async (_, reply) => {
      await reply.type(register.contentType).send(await scrape())
    })
  })
  return {
    ...listening,
    async close() {
      await listening.close()
      register.clear()
    }
  }
}
