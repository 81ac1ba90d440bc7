// The text of /metrics as Prometheus reads it, and its names as promtool wants them.
import assert from 'node:assert/strict'
import { startMetricsServer } from '../../../src/rpc/metrics-server.ts'
import { lintFamilies, type MetricFamily, parseExposition } from '../../support/prometheus-text.ts'

/** Gauges of prom-client that have been called so since its first version; who watches Node knows them by these names. */
const OF_PROM_CLIENT = ['handles', 'requests', 'resources'].map(
  (what) => `nodejs_active_${what}_total: a gauge with _total`
)
const VALUES = {
  head_number: 12,
  head_age_seconds: -1.5,
  behind_blocks: 0,
  ready: 1,
  syncing: 0,
  accepted_number: 13,
  replicated_number: undefined,
  gate_open: undefined,
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

describe('the text of /metrics', () => {
  let type: string | null
  let families: readonly MetricFamily[]
  before(async () => {
    const server = await startMetricsServer(() => VALUES, { host: '127.0.0.1', port: 0 })
    try {
      const answer = await fetch(`${server.url}/metrics`)
      type = answer.headers.get('content-type')
      families = parseExposition(await answer.text())
    } finally {
      await server.close()
    }
  })

  it('is of the format that its type names', () => {
    assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8')
  })

  it('has each value of the node as one sample of its own family, and those that there are alone', () => {
    const own = families.filter(({ name }) => name.startsWith('rekindle_'))
    assert.deepEqual(
      new Map(own.map(({ name, samples }) => [name, samples])),
      new Map(
        Object.entries(VALUES).map(([name, value]) => [
          `rekindle_${name}`,
          value === undefined ? [] : [[`rekindle_${name}`, '', value]]
        ])
      )
    )
    assert.deepEqual(new Set(own.map((family) => family.type)), new Set(['gauge']))
  })

  it('has nothing that promtool complains of, but for names that others gave', () => {
    assert.ok(families.length > 30)
    assert.deepEqual([...lintFamilies(families)].sort(), OF_PROM_CLIENT)
  })
})

describe('a text that Prometheus refuses', () => {
  const good = '# HELP a_b words\n# TYPE a_b gauge\na_b{x="1",y="\\""} 1\na_b 2e3\n'

  it('is another than this', () => {
    assert.deepEqual(parseExposition(good), [
      {
        name: 'a_b',
        help: 'words',
        type: 'gauge',
        samples: [
          ['a_b', 'x="1",y="\\""', 1],
          ['a_b', '', 2000]
        ]
      }
    ])
  })

  for (const [what, text, says] of [
    ['a last line that does not end', good.trimEnd(), /last line does not end/],
    ['a second TYPE', `${good}# TYPE a_b gauge\n`, /a second TYPE/],
    ['a second HELP', `${good}# HELP a_b words\n`, /a second HELP/],
    ['a type that there is not', '# TYPE a guage\n', /no type/],
    ['a sample before its TYPE', 'a 1\n', /before its TYPE/],
    ['a sample of another family', `${good}a_c 1\n`, /of another family/],
    ['the same labels twice', `${good}a_b 3\n`, /a second sample/],
    ['a value that is no number', '# TYPE a gauge\na undefined\n', /no number/],
    ['labels that do not end', '# TYPE a gauge\na{x="1} 1\n', /no sample/]
  ] as const) {
    it(`has ${what}`, () => {
      assert.throws(() => parseExposition(text), says)
    })
  }
})

describe('a name that promtool complains of', () => {
  for (const [text, problem] of [
    ['# TYPE a gauge\n', 'a: no help text'],
    ['# HELP a x\n# TYPE a counter\n', 'a: a counter without _total'],
    ['# HELP a_total x\n# TYPE a_total gauge\n', 'a_total: a gauge with _total'],
    ['# HELP a_count x\n# TYPE a_count gauge\n', 'a_count: a suffix of histograms'],
    ['# HELP gauge_a x\n# TYPE gauge_a gauge\n', 'gauge_a: its type in its name'],
    ['# HELP aB x\n# TYPE aB gauge\n', 'aB: a capital letter in its name'],
    ['# HELP a:b x\n# TYPE a:b gauge\n', 'a:b: a colon in its name'],
    ['# HELP a_ms x\n# TYPE a_ms gauge\n', 'a_ms: a unit that is not the base unit'],
    ['# HELP a x\n# TYPE a gauge\na{bC="1"} 1\n', 'a: a capital letter in a label']
  ] as const) {
    it(problem, () => {
      assert.deepEqual(lintFamilies(parseExposition(text)), [problem])
    })
  }
})
