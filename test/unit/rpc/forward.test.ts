// A backup passes a transaction on to the sequencer: its answer comes back, whatever it is.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { silentLog } from '../../../src/base/log.ts'
import {
  createForwarder,
  FORWARDS_MAX,
  FORWARDS_RUNNING_MAX,
  type ForwardTransaction
} from '../../../src/rpc/forward.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { until } from '../../support/until.ts'

const RAW = Uint8Array.of(0x02, 0xff)
const HASH = `0x${'ab'.repeat(32)}`

let server: Server
let url: string
let received: unknown[]
let reply: string
let status = 200

async function errorOf(forwarding: Promise<string>): Promise<RpcError> {
  const thrown: unknown = await forwarding.then(
    () => undefined,
    (error: unknown) => error
  )
  assert.ok(thrown instanceof RpcError, String(thrown))
  return thrown
}

describe('sending a transaction on', () => {
  beforeEach(async () => {
    received = []
    status = 200
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
        received.push([request.method, request.headers['content-type'], body])
        response.writeHead(status).end(reply)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('sends the raw transaction and gives the hash that comes back', async () => {
    reply = JSON.stringify({ jsonrpc: '2.0', id: 1, result: HASH })
    assert.equal(await createForwarder(url)(RAW), HASH)
    const body = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: ['0x02ff'] }
    assert.deepEqual(received, [['POST', 'application/json', body]])
  })
  it('takes an error of null for none', async () => {
    reply = JSON.stringify({ jsonrpc: '2.0', id: 1, result: HASH, error: null })
    assert.equal(await createForwarder(url)(RAW), HASH)
  })
  it('gives the sequencer’s own error, with what belongs to it', async () => {
    const error = { code: -32010, message: 'the gate is shut', data: { stage: 'verify' } }
    reply = JSON.stringify({ jsonrpc: '2.0', id: 1, error })
    const { code, message, data } = await errorOf(createForwarder(url)(RAW))
    assert.deepEqual({ code, message, data }, error)
  })
  for (const answer of [
    'null',
    '[]',
    '5',
    '"0x"',
    '{}',
    '{"result":5}',
    '{"result":"0x12"}',
    '{"result":null}',
    '{"error":"no"}',
    '{"error":{"code":"x","message":"y"}}'
  ]) {
    it(`says that there was no hash in ${answer}`, async () => {
      reply = answer
      const { code, message } = await errorOf(createForwarder(url)(RAW))
      const said = answer === '{"error":"no"}' ? 'no' : answer
      const expected = `the sequencer gave no transaction hash: it answered HTTP 200 and: ${said}`
      assert.deepEqual([code, message], [-32000, expected])
    })
  }
  const words: readonly (readonly [status: number, reply: string, said: string])[] = [
    [403, '{"error":"this Host is not allowed"}', 'and: this Host is not allowed'],
    [404, '', 'and nothing'],
    [502, '<html>\n\u0007caf\u00e9</html>', 'and: <html> caf </html>'],
    [503, 'x'.repeat(1_000), `and: ${'x'.repeat(200)}`]
  ]
  for (const [withStatus, text, said] of words) {
    it(`says what the other side said with HTTP ${withStatus}`, async () => {
      ;[status, reply] = [withStatus, text]
      const { code, message } = await errorOf(createForwarder(url)(RAW))
      const expected = `the sequencer gave no transaction hash: it answered HTTP ${withStatus} ${said}`
      assert.deepEqual([code, message], [-32000, expected])
    })
  }
  it('says why the sequencer cannot be reached when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve))
    const { code, message } = await errorOf(createForwarder(url)(RAW))
    assert.equal(code, -32000)
    assert.match(
      message,
      /^the sequencer cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+$/
    )
  })
  for (const backupsCount of [1, 2]) {
    it(`ends where it goes round through ${backupsCount} backups that lead to each other`, async () => {
      const asked: number[] = []
      const forwarders: ForwardTransaction[] = []
      const backups = await Promise.all(
        Array.from({ length: backupsCount }, (_, at) => {
          const send = () => {
            asked.push(at)
            return asked.length > 2 * backupsCount ? HASH : forwarders[at]?.(RAW)
          }
          const methods = new Map([['eth_sendRawTransaction', send]])
          const health = () => ({ ok: true, state: 'following' })
          return startHttpServer(
            { methods, health, log: silentLog },
            { host: '127.0.0.1', port: 0 }
          )
        })
      )
      const last = backups.at(-1)
      forwarders.push(
        ...[last, ...backups].slice(0, backupsCount).map((it) => createForwarder(it?.url ?? ''))
      )
      const { code, message } = await errorOf(forwarders[0]!(RAW))
      await Promise.all(backups.map((backup) => backup.close()))
      assert.equal(code, -32000)
      assert.match(message, /^already known: .* sequencerRpc leads back to this node$/)
      assert.equal(asked.length, backupsCount)
    })
  }
  it('sends it again once it is answered, and others meanwhile', async () => {
    reply = JSON.stringify({ jsonrpc: '2.0', id: 1, result: HASH })
    const forward = createForwarder(url)
    await Promise.all([forward(RAW), forward(Uint8Array.of(0x02))])
    assert.equal(await forward(RAW), HASH)
    assert.equal(received.length, 3)
  })
  it('takes no more than may be on their way', async () => {
    const forward = createForwarder('http://127.0.0.1:1') // nobody is asked: the port is barred
    const sent = Array.from({ length: FORWARDS_MAX + 1 }, (_, at) => {
      return errorOf(forward(Uint8Array.of(at >> 8, at & 0xff)))
    })
    const messages = (await Promise.all(sent)).map(({ message }) => message)
    assert.equal(messages.at(-1), `${FORWARDS_MAX} transactions are on their way to the sequencer`)
    assert.equal(messages.filter((message) => message === messages.at(-1)).length, 1)
  })
  it('has so many with the sequencer at once, and the others wait', async () => {
    let most = 0
    const open: (() => void)[] = []
    const slow = createServer((request, response) => {
      request.resume()
      open.push(() => response.end(JSON.stringify({ result: HASH })))
      most = Math.max(most, open.length)
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const forward = createForwarder(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`)
    const sent = Array.from({ length: FORWARDS_RUNNING_MAX + 8 }, (_, at) => {
      return forward(Uint8Array.of(at))
    })
    let isDone = false
    const all = Promise.all(sent).finally(() => (isDone = true))
    await until('as many as may', () => open.length >= FORWARDS_RUNNING_MAX)
    while (!isDone) {
      open.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(new Set(await all), new Set([HASH]))
    assert.equal(most, FORWARDS_RUNNING_MAX)
    slow.closeAllConnections()
    slow.close()
  })
  it('takes no answer that is larger than one can be, and follows nobody elsewhere', async () => {
    reply = JSON.stringify({ result: HASH, more: 'x'.repeat(100_000) })
    assert.match(
      (await errorOf(createForwarder(url)(RAW))).message,
      /its answer is above 65536 bytes/
    )
    const elsewhere = createServer((_, response) =>
      response.writeHead(307, { location: url }).end()
    )
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const { port } = elsewhere.address() as AddressInfo
    received = []
    const { message } = await errorOf(createForwarder(`http://127.0.0.1:${port}`)(RAW))
    assert.match(message, /^the sequencer cannot be reached: /)
    assert.deepEqual(received, [])
    elsewhere.close()
  })
  it('does not send what no pool takes', async () => {
    const { message } = await errorOf(createForwarder(url)(new Uint8Array(131_073)))
    assert.equal(message, 'oversized data: transaction size 131073, limit 131072')
    assert.deepEqual(received, [])
  })
  it('gives up at its deadline, or when the client has gone, and may send it again', async () => {
    let asked = 0
    const silent = createServer(() => (asked += 1))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const forward = createForwarder(`http://127.0.0.1:${port}`, { timeoutMs: 300 })
    const gone = new AbortController()
    const left = errorOf(forward(RAW, gone.signal))
    await until('the first is asked', () => asked === 1)
    gone.abort(new Error('the client has gone'))
    assert.match((await left).message, /cannot be reached: the client has gone/)
    assert.match((await errorOf(forward(RAW))).message, /cannot be reached: .*timeout/)
    assert.equal(asked, 2)
    silent.closeAllConnections()
    silent.close()
  })
})
