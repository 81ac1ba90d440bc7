// /metrics over real HTTP: every gauge, absent values left out, an address that is taken.
import assert from 'node:assert/strict'
import { HttpError } from '../../../src/rpc/http-listen.ts'
import { type MetricValues, startMetricsServer } from '../../../src/rpc/metrics-server.ts'

const VALUES: MetricValues = {
  head_number: 12,
  head_age_seconds: 1.5,
  behind_blocks: 0,
  ready: 1,
  syncing: 0,
  accepted_number: 13,
  replicated_number: undefined,
  gate_open: 1,
  recovering: 0,
  join_share: 0.25,
  recovery_items: 1_000,
  recovery_items_expected: 4_000,
  recovery_items_per_second: 500,
  recovery_peers: 3,
  fetched_accounts: 800,
  fetched_slots: 190,
  fetched_codes: 10,
  fetched_blocks: undefined,
  conflicts: 0,
  peers: 3,
  named_peers_connected: 2,
  pool_pending: 25,
  pool_queued: 2,
  state_layers: 11,
  state_entries_mended: 12,
  state_entries_damaged: 13
}
const ANY_PORT = { host: '127.0.0.1', port: 0 }

describe('the metrics server', () => {
  it('shows each value under its name as it is at the scrape, and the process beside it', async () => {
    let values = VALUES
    const server = await startMetricsServer(() => values, ANY_PORT)
    try {
      const scrape = async () => (await fetch(`${server.url}/metrics`)).text()
      const first = await scrape()
      for (const [name, value] of Object.entries(VALUES)) {
        const line = new RegExp(`^rekindle_${name} (.*)$`, 'm').exec(first)?.[1]
        assert.equal(line, value === undefined ? undefined : String(value), name)
      }
      assert.match(first, /^process_resident_memory_bytes \d+/m)
      values = { ...VALUES, head_number: 14 }
      assert.match(await scrape(), /^rekindle_head_number 14$/m)
    } finally {
      await server.close()
    }
  })

  it('names the address that is taken', async () => {
    const server = await startMetricsServer(() => VALUES, ANY_PORT)
    try {
      const port = Number(new URL(server.url).port)
      await assert.rejects(
        startMetricsServer(() => VALUES, { ...ANY_PORT, port }),
        (error) => {
          assert.ok(error instanceof HttpError)
          const { code, server: name } = error.failure
          assert.deepEqual(
            { code, name, port: error.failure.port },
            {
              code: 'http-address-unavailable',
              name: 'metrics',
              port
            }
          )
          return true
        }
      )
    } finally {
      await server.close()
    }
  })
})
