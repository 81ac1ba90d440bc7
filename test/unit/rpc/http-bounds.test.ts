// The bounds of our HTTP servers against clients that are slow, many, or gone, over real connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { silentLog } from '../../../src/base/log.ts'
import {
  type HttpLimits,
  type HttpServer,
  METRICS_HTTP_LIMITS,
  RPC_HTTP_LIMITS
} from '../../../src/rpc/http-host.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'
import { JsonItems } from '../../../src/rpc/json-encode.ts'
import { type MethodTable, type RpcContext, type RpcMethod } from '../../../src/rpc/json-rpc.ts'
import { type MetricValues, startMetricsServer } from '../../../src/rpc/metrics-server.ts'
import { until } from '../../support/until.ts'

const ANY_PORT = { host: '127.0.0.1', port: 0 }
const call = (method: string) => `{"jsonrpc":"2.0","id":1,"method":"${method}"}`
const post = (body: string, bytes = Buffer.byteLength(body)) =>
  `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n${body}`
const GET_HEALTH = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'

let servers: HttpServer[] = []
let sockets: Client[] = []

interface Client {
  readonly socket: Socket
  /** All that came. */
  text(): string
  readonly isClosed: boolean
}

async function startRpc(
  methods: Record<string, RpcMethod>,
  limits: Partial<HttpLimits> = {}
): Promise<HttpServer> {
  const table: MethodTable = new Map(Object.entries({ ping: () => 'pong', ...methods }))
  const server = await startHttpServer(
    { methods: table, log: silentLog, health: () => ({ ok: true, state: 'ready' }) },
    ANY_PORT,
    { ...RPC_HTTP_LIMITS, ...limits }
  )
  servers.push(server)
  return server
}

/** A connection that sends this text, and is not read from while `isSlow`. */
async function open({ url }: HttpServer, text = '', { isSlow = false } = {}): Promise<Client> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let received = ''
  const client = { socket, text: () => received, isClosed: false }
  socket.on('error', () => undefined)
  socket.on('close', () => (client.isClosed = true))
  if (isSlow) socket.pause()
  else socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  sockets.push(client)
  await once(socket, 'connect')
  socket.write(text)
  return client
}

/** Its failure names the condition as it is written. */
const eventually = (probe: () => boolean) => until(probe.toString(), probe, { everyMs: 5 })
const has = (client: Client, part: string) => eventually(() => client.text().includes(part))
const isClosed = (client: Client) => eventually(() => client.isClosed)

/** A method that is under way until its signal aborts, and says so. */
function hanging() {
  const seen: AbortSignal[] = []
  const hang = (_: unknown, { signal }: RpcContext) => {
    seen.push(signal)
    return new Promise(() => undefined)
  }
  return { seen, hang }
}

function* items(count: number, sizeBytes: number) {
  for (let at = 0; at < count; at++) yield 'x'.repeat(sizeBytes)
}

describe('HTTP bounds', () => {
  beforeEach(() => {
    servers = []
    sockets = []
  })
  afterEach(async () => {
    for (const { socket } of sockets) socket.destroy()
    for (const server of servers) await server.close()
  })

  describe('deadlines', () => {
    it('end a connection that says nothing, sends its headers or its body too slowly', async () => {
      const server = await startRpc({}, { headersTimeoutMs: 50, requestTimeoutMs: 100 })
      const silent = await open(server)
      const headers = await open(server, 'POST / HTTP/1.1\r\nhost: localhost\r\n')
      const body = await open(server, post('{"jsonrpc"', 100))
      for (const client of [silent, headers, body]) await isClosed(client)
      await eventually(() => server.connectionsCount() === 0)
    })

    it('answer a request whose time is over by name, and stop its work', async () => {
      const { seen, hang } = hanging()
      const server = await startRpc({ hang }, { workTimeoutMs: 50 })
      const client = await open(server, post(`[${call('hang')},${call('ping')}]`))
      await has(client, '}]')
      assert.equal(client.text().split('"code":-32002').length - 1, 2)
      assert.match(
        client.text(),
        /request timed out: it took more than 0\.05 s; ask for less at once/
      )
      assert.equal(seen[0]?.aborted, true)
    })

    it('end a client that does not take its answer', async () => {
      const large = () => new JsonItems(items(20_000, 1_000))
      const server = await startRpc({ large }, { answerTimeoutMs: 100 })
      await open(server, post(call('large')), { isSlow: true })
      await eventually(() => server.connectionsCount() === 1)
      await eventually(() => server.connectionsCount() === 0)
    })
  })

  it('stop the work of a client that has gone', async () => {
    const { seen, hang } = hanging()
    let made = 0
    function* endless() {
      for (;;) {
        made += 1
        yield made
      }
    }
    const server = await startRpc({ hang, endless: () => new JsonItems(endless()) })
    const client = await open(server, post(call('hang')))
    await eventually(() => seen.length === 1)
    client.socket.destroy()
    await eventually(() => seen[0]?.aborted === true)
    const other = await open(server, post(call('endless')))
    await eventually(() => made > 0)
    other.socket.destroy()
    await eventually(() => server.connectionsCount() === 0)
    const madeBefore = made
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    assert.equal(made, madeBefore)
  })

  it('answer an honest client while others have much work', async () => {
    let done = 0
    async function* heavy(context: RpcContext) {
      for (let at = 0; at < 20_000; at++) {
        const end = performance.now() + 0.2
        while (performance.now() < end);
        await context.turns.maybeYield()
        yield at
      }
      done += 1
    }
    const server = await startRpc({ heavy: (_, context) => new JsonItems(heavy(context)) })
    for (let at = 0; at < 20; at++) await open(server, post(`[${call('heavy')},${call('heavy')}]`))
    for (let at = 0; at < 10; at++) await has(await open(server, post(call('ping'))), 'pong')
    await has(await open(server, GET_HEALTH), '"ready"')
    assert.equal(done, 0)
  })

  it('refuse a body that is too large by its length, and by what comes', async () => {
    const server = await startRpc({})
    await has(await open(server, post('{', 6_000_000)), '413 Payload Too Large')
    const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
    const chunked = await open(server, `${head}transfer-encoding: chunked\r\n\r\n`)
    for (let at = 0; at < 6; at++) chunked.socket.write(`100000\r\n${' '.repeat(2 ** 20)}\r\n`)
    await has(chunked, '413 Payload Too Large')
  })

  it('answer what is sent ahead on a connection in its order, up to a number', async () => {
    const server = await startRpc({}, { pipelinedMax: 4 })
    const client = await open(server, post(call('ping')).repeat(3))
    await eventually(() => client.text().split('pong').length === 4)
    await isClosed(await open(server, post(call('ping')).repeat(50)))
  })

  it('keep no deadline of requests whose connection was cut off', async () => {
    const deadlines = () => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length
    const { hang } = hanging()
    const server = await startRpc({ hang })
    const before = deadlines()
    for (let at = 0; at < 20; at++) {
      await isClosed(await open(server, post(call('hang')).repeat(50)))
    }
    await until('the deadlines to be gone', () => deadlines() <= before + 1) // that of `until` itself
  })

  describe('connections', () => {
    it('that say nothing give way to newcomers, the oldest first', async () => {
      const server = await startRpc({}, { connectionsMax: 5 })
      const idle: Client[] = []
      for (let at = 0; at < 20; at++) idle.push(await open(server, 'POST / HT'))
      await has(await open(server, GET_HEALTH), '"ready"')
      await has(await open(server, post(call('ping'))), 'pong')
      await eventually(() => idle.filter((client) => client.isClosed).length >= 17)
      assert.ok(server.connectionsCount() <= 5)
    })

    it('that move bytes give way before those that have work done, after their grace', async () => {
      const { seen, hang } = hanging()
      const server = await startRpc({ hang }, { connectionsMax: 3, graceMs: 0 })
      const working = await open(server, post(call('hang')))
      await eventually(() => seen.length === 1)
      const slow = [await open(server, post('{', 100)), await open(server, post('{', 100))]
      await eventually(() => server.connectionsCount() === 3)
      await has(await open(server, post(call('ping'))), 'pong')
      await eventually(() => slow.some((client) => client.isClosed))
      assert.equal(working.isClosed, false)
    })

    it('within their grace are kept, and the newcomer is refused', async () => {
      const { seen, hang } = hanging()
      const server = await startRpc({ hang }, { connectionsMax: 1, graceMs: 60_000 })
      const working = await open(server, post(call('hang')))
      await eventually(() => seen.length === 1)
      await isClosed(await open(server, post(call('ping'))))
      assert.equal(working.isClosed, false)
    })

    it('are bounded on the metrics port, too, and in time', async () => {
      const values = { head_number: 12 } as MetricValues
      const limits = { ...METRICS_HTTP_LIMITS, connectionsMax: 4, headersTimeoutMs: 50 }
      const server = await startMetricsServer(() => values, ANY_PORT, limits)
      servers.push(server)
      for (let at = 0; at < 12; at++) await open(server, 'GET /metr')
      const scrape = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'
      await has(await open(server, scrape), 'rekindle_head_number 12')
      assert.ok(server.connectionsCount() <= 4)
      await eventually(() => sockets.slice(0, 12).every((client) => client.isClosed))
    })
  })

  it('hold bounded memory when many do not take large answers, and answer small ones', async () => {
    const large = () => new JsonItems(items(20_000, 1_000))
    const server = await startRpc({ large })
    const before = process.memoryUsage().arrayBuffers
    for (let at = 0; at < 8; at++) await open(server, post(call('large')), { isSlow: true })
    let most = 0
    for (let at = 0; at < 20; at++) {
      await has(await open(server, post(call('ping'))), 'pong')
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    assert.ok(most < 100 * 2 ** 20, `${most} bytes`)
  })
})
