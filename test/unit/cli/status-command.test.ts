// `rekindle status` against an HTTP server of its own, in all the ways in which one answers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { recordedIo, runCommand } from './command-fixture.ts'

const HASH = `0x${'5e'.repeat(32)}`

const READY = {
  version: '0.1.0',
  role: 'sequencer',
  chainId: 901,
  head: { number: 12, hash: HASH },
  replicatedHead: null,
  gate: { open: true, reason: null },
  recovery: { action: 'follow', stages: [] },
  peers: [{ peerId: 'peerA', backup: true, connected: true, head: 12 }]
}

const READY_TEXT = `version   0.1.0
role      sequencer
chainId   901
head
  number  12
  hash    ${HASH}
gate
  open  true
recovery
  action  follow
  stages  none
peers
  - peerId     peerA
    backup     true
    connected  true
    head       12
`

const RECOVERING = {
  role: 'sequencer',
  gate: { open: false, reason: 'recovering' },
  recovery: {
    action: 'ask',
    missing: ['peerA', 'peerB'],
    stages: [
      { name: 'ask', done: 1, left: 2, elapsedMs: 1500 },
      { name: 'blocks', done: 0, elapsedMs: 0 }
    ]
  }
}

const RECOVERING_TEXT = `role      sequencer
gate
  open    false
  reason  recovering
recovery
  action   ask
  missing  peerA, peerB
  stages
    - name       ask
      done       1
      left       2
      elapsedMs  1500
    - name       blocks
      done       0
      elapsedMs  0
`

/** What the server saw of a request. */
interface Asked {
  readonly method: string | undefined
  readonly contentType: string | undefined
  readonly body: string
}

/** A server on a port of its own that answers every request alike. */
function useServer(): {
  answer: (status: number, body: string) => void
  asked: Asked[]
  url: string
} {
  let server: Server | undefined
  let status = 200
  let body = ''
  const state = {
    asked: [] as Asked[],
    url: '',
    answer(newStatus: number, newBody: string) {
      status = newStatus
      body = newBody
    }
  }
  beforeEach(async () => {
    state.asked = []
    server = createServer((request, response) => {
      const answered = readBody(request).then((text) => {
        const contentType = request.headers['content-type']
        state.asked.push({ method: request.method, contentType, body: text })
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      })
      answered.catch((thrown: unknown) => response.destroy(thrown as Error))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    if (server === undefined) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return state
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

const reply = (result: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, result })

describe('status', () => {
  const server = useServer()
  const ask = (...args: readonly string[]) =>
    runCommand(['status', '--rpc', server.url, ...args], recordedIo('/'))

  it('asks for the status, and prints it for a person', async () => {
    server.answer(200, reply(READY))
    assert.deepEqual(await ask(), { exitCode: 0, stdout: READY_TEXT, stderr: '' })
    const [{ body, ...rest } = { body: '' }] = server.asked
    assert.equal(server.asked.length, 1)
    assert.deepEqual(rest, { method: 'POST', contentType: 'application/json' })
    const request = { jsonrpc: '2.0', id: 1, method: 'rekindle_status', params: [] }
    assert.deepEqual(JSON.parse(body), request)
  })

  it('prints what recovery does and waits for', async () => {
    server.answer(200, reply(RECOVERING))
    assert.deepEqual(await ask(), { exitCode: 0, stdout: RECOVERING_TEXT, stderr: '' })
  })

  for (const status of [READY, RECOVERING]) {
    it(`prints JSON on one line: ${status.gate.open ? 'ready' : 'recovering'}`, async () => {
      server.answer(200, reply(status))
      const { exitCode, stdout, stderr } = await ask('--json')
      assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
      assert.match(stdout, /^[^\n]+\n$/)
      assert.deepEqual(JSON.parse(stdout), status)
    })
  }

  it('lets no text move the cursor', async () => {
    server.answer(200, reply({ 'na\u001bme': 'a\u001b[2J\nb', list: ['\u009b1A'] }))
    assert.equal((await ask()).stdout, 'na?me  a?[2J?b\nlist   ?1A\n')
  })

  for (const [what, status, body, message] of [
    ['a page', 200, '<html>', 'HTTP 200, and no JSON-RPC answer'],
    ['nothing', 502, '', 'HTTP 502, and no JSON-RPC answer'],
    ['a list', 200, '[]', 'HTTP 200, and no JSON-RPC answer'],
    ['no result', 200, '{}', 'HTTP 200, and no status in it'],
    ['a number', 200, reply(7), 'HTTP 200, and no status in it'],
    ['null', 200, reply(null), 'HTTP 200, and no status in it'],
    [
      'an error',
      200,
      '{"error":{"code":-32601,"message":"the method\\u001b[2J\\ndoes not exist"}}',
      'it says: the method?[2J?does not exist'
    ],
    ['an error without words', 200, '{"error":{}}', 'it answers with an error']
  ] as const) {
    it(`fails when the answer is ${what}`, async () => {
      server.answer(status, body)
      const stderr = `rekindle: no status from ${server.url}: ${message}\n`
      for (const args of [[], ['--json']]) {
        assert.deepEqual(await ask(...args), { exitCode: 1, stdout: '', stderr })
      }
    })
  }
})

describe('status of what does not run', () => {
  it('fails, and says that nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    for (const args of [[], ['--json']]) {
      const url = `http://127.0.0.1:${port}`
      const run = await runCommand(['status', '--rpc', url, ...args], recordedIo('/'))
      const stderr = `rekindle: no status from ${url}: connect ECONNREFUSED 127.0.0.1:${port}\n`
      assert.deepEqual(run, { exitCode: 1, stdout: '', stderr })
    }
    const url = `http://localhost:${port}`
    const { stderr } = await runCommand(['status', '--rpc', url], recordedIo('/'))
    assert.match(stderr, /^rekindle: no status from http:\/\/localhost:\d+: .*ECONNREFUSED/)
  })

  for (const url of ['127.0.0.1:8545', 'ws://127.0.0.1:8545', '']) {
    it(`refuses the URL ${JSON.stringify(url)}`, async () => {
      const run = await runCommand(['status', '--rpc', url], recordedIo('/'))
      const stderr = `rekindle: --rpc: ${JSON.stringify(url)} is not an http or https URL\n`
      assert.deepEqual(run, { exitCode: 2, stdout: '', stderr })
    })
  }

  for (const [args, message] of [
    [['--rcp', 'x'], "error: unknown option '--rcp'\n(Did you mean --rpc?)\n"],
    [['now'], "error: too many arguments for 'status'. Expected 0 arguments but got 1.\n"]
  ] as const) {
    it(`refuses ${args.join(' ')}`, async () => {
      const run = await runCommand(['status', ...args], recordedIo('/'))
      assert.deepEqual(run, { exitCode: 2, stdout: '', stderr: message })
    })
  }
})
