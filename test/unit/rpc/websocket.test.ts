// The WebSocket of the RPC server: what viem and ethers do over it, what geth's errors are, and what nobody gets by with.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocketProvider } from 'ethers'
import { createPublicClient, webSocket } from 'viem'
import { WebSocket } from 'ws'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { silentLog } from '../../../src/base/log.ts'
import { type HttpLimits, type HttpServer, RPC_HTTP_LIMITS } from '../../../src/rpc/http-host.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'
import { type RpcMethod } from '../../../src/rpc/json-rpc.ts'
import { SUBSCRIPTIONS_MAX, SubscriptionHub } from '../../../src/rpc/subscriptions.ts'
import { until } from '../../support/until.ts'
import {
  BLOCK_TRANSACTIONS,
  LOGGER,
  openRpcChain,
  type RpcChainFixture,
  TOPIC
} from './rpc-chain.ts'

const PAGE = 'https://app.example.org'

interface Client {
  readonly socket: WebSocket
  readonly messages: Record<string, unknown>[]
  readonly code: number | undefined
}

let rpc: RpcChainFixture
const servers: HttpServer[] = []
const clients: WebSocket[] = []

async function start(
  limits: Partial<HttpLimits> = {},
  methods: Record<string, RpcMethod> = {}
): Promise<HttpServer> {
  const server = await startHttpServer(
    {
      methods: new Map([...rpc.methods, ...Object.entries(methods)]),
      subscriptions: new SubscriptionHub(rpc.deps),
      log: silentLog,
      health: () => ({ ok: true, state: 'ready' })
    },
    { host: '127.0.0.1', port: 0, allowedOrigins: [PAGE] },
    { ...RPC_HTTP_LIMITS, ...limits }
  )
  servers.push(server)
  return server
}

const wsUrl = ({ url }: HttpServer) => url.replace('http', 'ws')

async function open(server: HttpServer, options: object = {}): Promise<Client> {
  const socket = new WebSocket(wsUrl(server), options)
  clients.push(socket)
  const client: { -readonly [K in keyof Client]: Client[K] } = {
    socket,
    messages: [],
    code: undefined
  }
  socket.on('message', (data: Buffer) => {
    client.messages.push(JSON.parse(data.toString()) as Record<string, unknown>)
  })
  socket.on('close', (code) => (client.code = code))
  socket.on('error', () => undefined)
  await once(socket, 'open')
  return client
}

/** The status with which a request for a WebSocket is refused. */
async function refusal(
  server: HttpServer,
  options: object,
  path = '/'
): Promise<number | undefined> {
  const socket = new WebSocket(wsUrl(server) + path, options)
  socket.on('error', () => undefined)
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode?: number }
  ]
  return response.statusCode
}

const request = (id: number, method: string, ...params: readonly unknown[]) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })

async function ask(client: Client, method: string, ...params: readonly unknown[]) {
  const id = 1_000 + client.messages.length
  client.socket.send(request(id, method, ...params))
  const answer = () => client.messages.find((message) => message.id === id)
  await until(`an answer to ${method}`, () => answer() !== undefined, { everyMs: 5 })
  return answer()!
}

const eventually = (probe: () => boolean) => until(probe.toString(), probe, { everyMs: 5 })
const told = ({ messages }: Client) =>
  messages
    .filter((message) => message.method === 'eth_subscription')
    .map((message) => message.params as { subscription: string; result: Record<string, unknown> })

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
  })
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.terminate()
    for (const server of servers.splice(0)) await server.close()
  })
}

describe('a WebSocket', () => {
  useFixture()

  it('answers what HTTP answers, in batches, binary frames and parts too', async () => {
    const client = await open(await start())
    assert.equal((await ask(client, 'eth_blockNumber')).result, '0x3')
    client.socket.send(Buffer.from(request(1, 'eth_chainId')), { binary: true })
    const text = request(2, 'eth_chainId')
    client.socket.send(text.slice(0, 9), { fin: false })
    client.socket.send(text.slice(9), { fin: true })
    await eventually(() => client.messages.length === 3)
    assert.deepEqual(
      client.messages.slice(1).map(({ result }) => result),
      ['0x385', '0x385']
    )
    client.socket.send(`[${text},${request(3, 'nonsense')}]`)
    await eventually(() => client.messages.length === 4)
    assert.equal(Object.keys(client.messages[3] ?? {}).length, 2)
    client.socket.send('{')
    await eventually(() => client.messages.length === 5)
    assert.deepEqual((client.messages[4]?.error as { code: number }).code, -32700)
  })
  it('serves viem', async () => {
    const url = wsUrl(await start())
    const client = createPublicClient({ transport: webSocket(url, { reconnect: false }) })
    assert.equal(await client.getBlockNumber(), 3n)
    const heads: (bigint | null)[] = []
    const logs: string[] = []
    const stops = [
      client.watchBlocks({ onBlock: ({ number }) => heads.push(number) }),
      client.watchEvent({
        address: LOGGER,
        onLogs: (found) => logs.push(...found.map((log) => log.data))
      })
    ]
    const transport = await client.transport.getRpcClient()
    await eventually(() => transport.subscriptions.size === 2)
    for (const block of rpc.blocks) rpc.deps.feed.addHead(block)
    await eventually(() => heads.length === 4 && logs.length === 3)
    assert.deepEqual(heads, [0n, 1n, 2n, 3n])
    for (const stop of stops) stop()
    transport.close()
  })
  it('serves ethers', async () => {
    const provider = new WebSocketProvider(wsUrl(await start()))
    const heads: number[] = []
    const logs: string[] = []
    await provider.on('block', (number: number) => heads.push(number))
    await provider.on({ topics: [TOPIC] }, ({ data }: { data: string }) =>
      logs.push(data.slice(-2))
    )
    assert.equal(await provider.getBlockNumber(), 3)
    await eventually(() => rpc.deps.feed.heads.end >= 0)
    await provider.send('eth_blockNumber', [])
    for (const block of rpc.blocks) rpc.deps.feed.addHead(block)
    await eventually(() => logs.length >= 3 && heads.includes(3))
    assert.deepEqual(logs.slice(-3), ['aa', 'bb', 'cc'])
    await provider.destroy()
  })
  it('tells of transactions, by hash or whole, and of nothing once that is ended', async () => {
    const client = await open(await start())
    const [short, full] = [
      await ask(client, 'eth_subscribe', 'newPendingTransactions'),
      await ask(client, 'eth_subscribe', 'newPendingTransactions', true)
    ]
    const hash = bytesToHex(keccak256(BLOCK_TRANSACTIONS[0]![0]!))
    rpc.deps.feed.addTransaction(hash)
    await eventually(() => told(client).length === 2)
    const results = new Map(told(client).map((it) => [it.subscription, it.result]))
    assert.equal(results.get(short.result as string), hash)
    assert.equal(results.get(full.result as string)?.hash, hash)
    assert.equal((await ask(client, 'eth_unsubscribe', short.result)).result, true)
    rpc.deps.feed.addTransaction(hash)
    await eventually(() => told(client).length === 3)
    const { error } = await ask(client, 'eth_unsubscribe', short.result)
    assert.deepEqual(error, { code: -32000, message: 'subscription not found' })
  })
  it('gives a head without what is not in a header', async () => {
    const client = await open(await start())
    await ask(client, 'eth_subscribe', 'newHeads')
    rpc.deps.feed.addHead(rpc.blocks[3]!)
    await eventually(() => told(client).length === 1)
    const { result } = told(client)[0]!
    const block = (await rpc.result('eth_getBlockByNumber', '0x3')) as Record<string, unknown>
    const left = ['size', 'transactions', 'uncles', 'withdrawals']
    assert.deepEqual(
      result,
      Object.fromEntries(Object.entries(block).filter(([name]) => !left.includes(name)))
    )
  })
  it('refuses in geth’s words', async () => {
    const server = await start()
    const client = await open(server)
    const errors = [
      (await ask(client, 'eth_subscribe', 'newThings')).error,
      (await ask(client, 'eth_subscribe', 'logs', { fromBlock: 'pending' })).error
    ]
    const body = request(1, 'eth_subscribe', 'newHeads')
    const headers = { 'content-type': 'application/json' }
    const overHttp = await fetch(server.url, { method: 'POST', headers, body })
    errors.push(((await overHttp.json()) as Record<string, unknown>).error)
    assert.deepEqual(errors, [
      { code: -32601, message: 'no "newThings" subscription in eth namespace' },
      { code: -32000, message: 'pending logs are not supported' },
      { code: -32601, message: 'notifications not supported' }
    ])
  })
})

describe('who may open a WebSocket', () => {
  useFixture()

  it('is who may call over HTTP, and pages that are named', async () => {
    const server = await start()
    assert.equal(await refusal(server, { headers: { host: 'example.org' } }), 403)
    assert.equal(await refusal(server, { origin: 'https://evil.net' }), 403)
    assert.equal(await refusal(server, { origin: 'http://localhost' }), 403)
    assert.equal(await refusal(server, {}, '/elsewhere'), 404)
    await eventually(() => server.connectionsCount() === 0)
    const page = await open(server, { origin: PAGE })
    assert.equal((await ask(page, 'eth_chainId')).result, '0x385')
  })
  it('is nobody who offers h2c, and is answered over HTTP', async () => {
    const server = await start()
    const body = request(1, 'eth_chainId')
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write(
      'POST / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n' +
        `http2-settings: AAEAAEAA\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
    )
    socket.write(body)
    await eventually(() => text.includes('0x385'))
    assert.match(text, /^HTTP\/1\.1 200 /)
    socket.destroy()
  })
})

describe('the bounds of a WebSocket', () => {
  useFixture()

  it('end one whose message is too large, or in too many parts, or no text', async () => {
    const server = await start()
    const [large, parts, bad] = [await open(server), await open(server), await open(server)]
    large.socket.send('x'.repeat(2 ** 20 + 1))
    for (let at = 0; at < 1_100; at++) parts.socket.send('x', { fin: false })
    bad.socket.send(Buffer.from([0xff]), { binary: false })
    await eventually(() => [large, parts, bad].every(({ code }) => code !== undefined))
    assert.deepEqual([large.code, parts.code, bad.code], [1009, 1008, 1007])
    const whole = await open(server)
    whole.socket.send(request(1, 'eth_chainId').padEnd(2 ** 20))
    await eventually(() => whole.messages.length === 1)
  })
  it('end one that does not finish its message, and one that answers no ping', async () => {
    const server = await start({ requestTimeoutMs: 50 })
    const slow = await open(server)
    slow.socket.send('x', { fin: false })
    await eventually(() => slow.code === 1006)
    const pinging = await start({ pingIntervalMs: 30 })
    const [silent, alive] = [await open(pinging, { autoPong: false }), await open(pinging)]
    await eventually(() => silent.code === 1006)
    assert.equal((await ask(alive, 'eth_chainId')).result, '0x385')
  })
  it('end one that does not take what it is told, and hold little for it', async () => {
    const server = await start({ answerTimeoutMs: 100 }, { large: () => 'x'.repeat(20_000_000) })
    const client = await open(server)
    await ask(client, 'eth_subscribe', 'newHeads')
    client.socket.pause()
    client.socket.send(request(1, 'large'))
    await eventually(() => server.connectionsCount() === 0)
    for (const block of rpc.blocks) rpc.deps.feed.addHead(block)
  })
  it('end what a client asked for when it goes, and all at once when the node stops', async () => {
    const seen: AbortSignal[] = []
    const hang: RpcMethod = (_, { signal }) => {
      seen.push(signal)
      return new Promise(() => undefined)
    }
    const server = await start({}, { hang })
    const [leaver, left] = [await open(server), await open(server)]
    leaver.socket.send(request(1, 'hang'))
    await eventually(() => seen.length === 1)
    leaver.socket.terminate()
    await eventually(() => seen[0]?.aborted === true)
    left.socket.send(request(1, 'hang'))
    await eventually(() => seen.length === 2)
    await server.close()
    await eventually(() => left.code !== undefined)
    assert.equal(left.code, 1001)
  })
  it('hold for subscriptions, and for connections beside those of HTTP', async () => {
    const server = await start({ connectionsMax: 2, perClientMax: 2 })
    const client = await open(server)
    for (let at = 0; at < SUBSCRIPTIONS_MAX; at++) await ask(client, 'eth_subscribe', 'newHeads')
    const { error } = await ask(client, 'eth_subscribe', 'newHeads')
    assert.equal((error as { code: number }).code, -32005)
    const idle = await open(server)
    await open(server)
    await eventually(() => idle.code === 1006)
    assert.equal((await ask(client, 'eth_chainId')).result, '0x385')
    assert.equal(server.connectionsCount(), 2)
  })
  it('answer many messages at once, each in its turn', async () => {
    const client = await open(await start())
    for (let id = 1; id <= 200; id++) client.socket.send(request(id, 'eth_chainId'))
    await eventually(() => client.messages.length === 200)
    const ids = client.messages.map(({ id }) => Number(id)).sort((one, other) => one - other)
    assert.deepEqual(
      ids,
      Array.from({ length: 200 }, (_, at) => at + 1)
    )
  })
})
