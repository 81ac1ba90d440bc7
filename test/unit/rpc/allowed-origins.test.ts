// Which web pages may call: what a browser is told over HTTP, and who may open a WebSocket.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { createAllowedOrigins } from '../../../src/rpc/allowed-origins.ts'
import { type HttpServer } from '../../../src/rpc/http-host.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'

const PAGE = 'https://app.example.org'

describe('the rules for origins', () => {
  const rows: readonly (readonly [rule: string, origin: string, cors: boolean, socket: boolean])[] =
    [
      [PAGE, PAGE, true, true],
      [PAGE, 'https://APP.example.org', true, true],
      [PAGE, 'http://app.example.org', false, false],
      [PAGE, 'https://app.example.org:8443', false, true],
      [`${PAGE}:8443`, `${PAGE}:8443`, true, true],
      [`${PAGE}:8443`, PAGE, false, false],
      [PAGE, 'https://app.example.org.evil.net', false, false],
      ['https://*.example.org', PAGE, true, true],
      ['https://*.example.org', 'https://example.org', false, false],
      ['https://*.example.org', 'https://evil.net', false, false],
      ['*', 'https://evil.net', true, true],
      [PAGE, 'null', false, false]
    ]
  for (const [rule, origin, cors, socket] of rows) {
    it(`${rule} lets ${origin} ${cors ? '' : 'not '}read and ${socket ? '' : 'not '}open a WebSocket`, () => {
      const allowed = createAllowedOrigins([rule])
      const answer = rule === '*' ? '*' : origin
      assert.equal(allowed.corsAnswer(origin), cors ? answer : undefined)
      assert.equal(allowed.mayOpenSocket(origin), socket)
    })
  }
  it('let who is no web page open a WebSocket, and no page where there are none', () => {
    assert.equal(createAllowedOrigins([]).mayOpenSocket(undefined), true)
    assert.equal(createAllowedOrigins([]).mayOpenSocket('http://localhost'), false)
  })
})

describe('CORS', () => {
  let server: HttpServer

  before(async () => {
    server = await startHttpServer(
      {
        methods: new Map([['eth_chainId', () => '0x385']]),
        log: silentLog,
        health: () => ({ ok: true, state: 'ready' })
      },
      { host: '127.0.0.1', port: 0, allowedOrigins: [PAGE] }
    )
  })
  after(() => server.close())

  const preflight = (origin: string) =>
    fetch(server.url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type'
      }
    })

  it('lets a page ask, for as long as geth does', async () => {
    const { status, headers } = await preflight(PAGE)
    const told = ['origin', 'methods', 'headers'].map((it) =>
      headers.get(`access-control-allow-${it}`)
    )
    assert.deepEqual([status, ...told], [204, PAGE, 'GET, POST', 'content-type'])
    assert.equal(headers.get('access-control-max-age'), '600')
    assert.equal(headers.get('vary'), 'Origin')
  })
  it('tells a page of another origin nothing', async () => {
    const { status, headers } = await preflight('https://evil.net')
    assert.equal(status, 204)
    assert.equal(headers.get('access-control-allow-origin'), null)
    assert.equal(headers.get('access-control-allow-headers'), null)
  })
  for (const [origin, allowed] of [
    [PAGE, PAGE],
    ['https://evil.net', null]
  ] as const) {
    it(`shows ${origin} ${allowed === null ? 'no answer' : 'answers and health'}`, async () => {
      const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
      const headers = { origin, 'content-type': 'application/json' }
      const answers = [
        await fetch(server.url, { method: 'POST', headers, body }),
        await fetch(`${server.url}/health`, { headers })
      ]
      for (const answer of answers) {
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('access-control-allow-origin'), allowed)
      }
    })
  }
})
