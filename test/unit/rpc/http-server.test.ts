// The HTTP server on a port of the operating system's choice: what comes in, and what a web page may not.
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { silentLog } from '../../../src/base/log.ts'
import { HttpError } from '../../../src/rpc/http-listen.ts'
import { BODY_MAX_BYTES } from '../../../src/rpc/http-body.ts'
import { type HttpAddress, type HttpServer } from '../../../src/rpc/http-host.ts'
import { type Health } from '../../../src/rpc/health-page.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'

const CHAIN_ID = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
const CHAIN_ID_ANSWER = { jsonrpc: '2.0', id: 1, result: '0x385' }
const JSON_TYPE = { 'content-type': 'application/json' }

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

let server: HttpServer
let health: Health

async function start(options: Partial<HttpAddress> = {}): Promise<HttpServer> {
  const methods = new Map([['eth_chainId', () => '0x385']])
  return startHttpServer(
    { methods, log: silentLog, health: () => health },
    { host: '127.0.0.1', port: 0, ...options }
  )
}

/** Node's own client: it sends any Host header. */
function send(
  { url }: HttpServer,
  options: {
    method?: string
    path?: string
    headers?: Record<string, string>
    body?: string | Buffer
  }
): Promise<Answer> {
  const { method = 'POST', path = '/', headers = JSON_TYPE, body = CHAIN_ID } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      new URL(path, url),
      { method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        })
        response.on('error', reject)
      }
    )
    request.on('error', reject)
    request.end(method === 'GET' ? undefined : body)
  })
}

/** The hooks of each group of tests. */
function useFixture(): void {
  beforeEach(async () => {
    health = { ok: true, state: 'ready' }
    server = await start()
  })

  afterEach(async () => {
    await server.close()
  })
}

describe('a request over HTTP', () => {
  useFixture()

  it('is answered with its result', async () => {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    const { status, headers, body } = await send(server, {})
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^application\/json/)
    assert.deepEqual(JSON.parse(body), CHAIN_ID_ANSWER)
  })
  it('may name the character set of its JSON', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    assert.equal((await send(server, { headers })).status, 200)
  })
  it('that is a notification has no content for an answer', async () => {
    const body = '{"jsonrpc":"2.0","method":"eth_chainId"}'
    const answer = await send(server, { body })
    assert.deepEqual([answer.status, answer.body], [204, ''])
  })
  for (const body of ['', '{', 'nonsense', '{"jsonrpc":"2.0",}']) {
    it(`that is no JSON is told so: ${JSON.stringify(body)}`, async () => {
      const answer = await send(server, { body })
      assert.equal(answer.status, 200)
      const { error } = JSON.parse(answer.body) as { error: { code: number } }
      assert.equal(error.code, -32700)
    })
  }
  it('in another content type is refused, as a form of a web page is', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await send(server, { headers: { 'content-type': type } })
      assert.equal(answer.status, 415, type)
      assert.equal(answer.body.includes('0x385'), false)
    }
    assert.equal((await send(server, { headers: {} })).status, 415)
  })
  it('is taken up to the largest body and not above it', async () => {
    const room = BODY_MAX_BYTES - CHAIN_ID.length
    assert.equal((await send(server, { body: CHAIN_ID + ' '.repeat(room) })).status, 200)
    assert.equal((await send(server, { body: CHAIN_ID + ' '.repeat(room + 1) })).status, 413)
  })
  it('from another origin gets no leave to be read', async () => {
    const origin = { origin: 'https://example.org' }
    const asked = await send(server, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'POST' },
      body: ''
    })
    assert.equal(asked.status, 404)
    const answered = await send(server, { headers: { ...JSON_TYPE, ...origin } })
    for (const { headers } of [asked, answered]) {
      assert.equal(headers['access-control-allow-origin'], undefined)
    }
  })
  it('elsewhere finds nothing', async () => {
    assert.equal((await send(server, { path: '/admin' })).status, 404)
    assert.equal((await send(server, { method: 'GET' })).status, 404)
  })
})

describe('the Host header', () => {
  useFixture()

  const withHost = (host: string) => ({ headers: { ...JSON_TYPE, host } })

  for (const host of [
    'localhost',
    'localhost:8545',
    '127.0.0.1:1',
    'LOCALHOST',
    '[::1]:8545',
    '[::1]'
  ]) {
    it(`may be ${host}`, async () => {
      assert.equal((await send(server, withHost(host))).status, 200)
    })
  }
  for (const host of [
    'example.org',
    'example.org:8545',
    'localhost.example.org',
    '127.0.0.1.example.org',
    'evil@localhost',
    '10.0.0.1'
  ]) {
    it(`may not be "${host}"`, async () => {
      const answer = await send(server, withHost(host))
      assert.equal(answer.status, 403)
      assert.equal(answer.body.includes('0x385'), false)
      assert.equal(
        (await send(server, { ...withHost(host), method: 'GET', path: '/health' })).status,
        403
      )
    })
  }
  it('may be one that the configuration allows, in any case, an IPv6 address in brackets', async () => {
    const open = await start({ allowedHosts: ['Node.Example.org', 'fd00::1'] })
    for (const host of [
      'node.example.org',
      'NODE.example.org:8545',
      '[fd00::1]:8545',
      '127.0.0.1'
    ]) {
      assert.equal((await send(open, withHost(host))).status, 200, host)
    }
    assert.equal((await send(open, withHost('other.example.org'))).status, 403)
    await open.close()
  })
})

describe('/health', () => {
  useFixture()

  const ask = () => send(server, { method: 'GET', path: '/health', headers: {} })

  it('is 200 with the state while the node can serve', async () => {
    health = { ok: true, state: 'following', head: '12' }
    const { status, body } = await ask()
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(body), health)
  })
  it('is 503 with what is being done while it cannot', async () => {
    health = { ok: false, state: 'recovering', stage: 'collect' }
    const { status, body } = await ask()
    assert.equal(status, 503)
    assert.deepEqual(JSON.parse(body), health)
  })
  it('is apart from /live, which is 200 while the process answers at all', async () => {
    health = { ok: false, state: 'behind' }
    assert.equal((await ask()).status, 503)
    const { status, body } = await send(server, { method: 'GET', path: '/live', headers: {} })
    assert.deepEqual([status, JSON.parse(body)], [200, { ok: true }])
  })
  it('takes an older head from who asks for it, and says what it said', async () => {
    health = { ok: false, state: 'behind-clock', headAgeSeconds: 40 }
    const askFor = (query: string) =>
      send(server, { method: 'GET', path: `/health?${query}`, headers: {} })
    const taken = await askFor('headAgeSeconds=40')
    assert.deepEqual([taken.status, JSON.parse(taken.body)], [200, { ...health, ok: true }])
    const refused = await askFor('headAgeSeconds=39')
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [503, health])
    for (const query of [
      'headAgeSeconds=',
      'headAgeSeconds=-1',
      'headAgeSeconds=1&headAgeSeconds=2'
    ]) {
      const { status, body } = await askFor(query)
      const error = 'headAgeSeconds is not a whole number of seconds'
      assert.deepEqual([status, JSON.parse(body)], [400, { error }], query)
    }
  })
  it('says nothing of a failure but that there was one', async () => {
    const broken = await startHttpServer(
      {
        methods: new Map(),
        log: silentLog,
        health: () => {
          throw new Error('a secret path')
        }
      },
      { host: '127.0.0.1', port: 0 }
    )
    const { status, body } = await send(broken, { method: 'GET', path: '/health', headers: {} })
    assert.equal(status, 500)
    assert.deepEqual(JSON.parse(body), { error: 'internal error' })
    await broken.close()
  })
})

describe('the address of the server', () => {
  useFixture()

  it('is refused with host and port when it is taken', async () => {
    const port = Number(new URL(server.url).port)
    await assert.rejects(start({ port }), (thrown) => {
      assert.ok(thrown instanceof HttpError)
      const { reason, ...failure } = thrown.failure
      assert.deepEqual(failure, {
        code: 'http-address-unavailable',
        server: 'rpc',
        host: '127.0.0.1',
        port
      })
      assert.match(reason, /EADDRINUSE/)
      return true
    })
  })
  it('is free again after close', async () => {
    const first = await start()
    const port = Number(new URL(first.url).port)
    await first.close()
    const second = await start({ port })
    assert.equal((await send(second, {})).status, 200)
    await second.close()
  })
})
