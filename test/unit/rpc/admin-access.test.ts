// Who may call admin_ methods, over HTTP: the token, the place, and what a web page or a stranger gets.
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { silentLog } from '../../../src/base/log.ts'
import { createAdminAccess } from '../../../src/rpc/admin-access.ts'
import { type HttpServer } from '../../../src/rpc/http-host.ts'
import { startHttpServer } from '../../../src/rpc/http-server.ts'
import { type MethodTable } from '../../../src/rpc/json-rpc.ts'
import { rpcContext } from '../../support/rpc-answer.ts'

const TOKEN = 'c0ffee'.repeat(10)
const BEARER = `Bearer ${TOKEN}`

const methods: MethodTable = new Map([['eth_chainId', () => '0x385']])
const adminMethods: MethodTable = new Map([['admin_sequencerActive', () => true]])

function access(token: string | undefined = TOKEN) {
  return createAdminAccess({ methods, adminMethods, token })
}

/** The code of what the method throws; undefined when it answers. */
function codeOf(table: MethodTable, name = 'admin_sequencerActive'): unknown {
  try {
    table.get(name)?.([], rpcContext())
  } catch (thrown) {
    return (thrown as { code: unknown }).code
  }
  return undefined
}

describe('access to admin methods', () => {
  it('makes an operator of a caller that has it, and of nobody else', () => {
    const own = { authorization: BEARER, remoteAddress: '127.0.0.1' }
    assert.equal(access().isOperator(own), true)
    assert.equal(access().isOperator({ ...own, authorization: undefined }), false)
    assert.equal(access().isOperator({ ...own, remoteAddress: '10.0.0.1' }), false)
  })
  for (const remoteAddress of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
    it(`is given to the token from ${remoteAddress}`, () => {
      for (const authorization of [BEARER, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`]) {
        assert.equal(codeOf(access().tableFor({ authorization, remoteAddress })), undefined)
      }
    })
  }

  for (const remoteAddress of [
    undefined,
    '',
    '10.0.0.1',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    'fe80::1',
    '::ffff:10.0.0.1',
    '127.0.0.1.example',
    'localhost'
  ]) {
    it(`is refused to the token from ${String(remoteAddress)}`, () => {
      assert.equal(codeOf(access().tableFor({ authorization: BEARER, remoteAddress })), -32011)
    })
  }

  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}0`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${TOKEN},`
  ]) {
    it(`is refused to ${JSON.stringify(authorization)}`, () => {
      const table = access().tableFor({ authorization, remoteAddress: '127.0.0.1' })
      assert.equal(codeOf(table), -32011)
      assert.equal(codeOf(table, 'eth_chainId'), undefined, 'reading needs no token')
    })
  }

  it('does not exist without a token in the config, whatever is sent', () => {
    for (const authorization of [undefined, 'Bearer ', 'Bearer undefined', BEARER]) {
      const none = createAdminAccess({ methods, adminMethods, token: undefined })
      assert.equal(codeOf(none.tableFor({ authorization, remoteAddress: '127.0.0.1' })), -32601)
    }
  })
})

describe('admin methods over HTTP', () => {
  let server: HttpServer

  beforeEach(async () => {
    const health = () => ({ ok: true, state: 'ready' })
    server = await startHttpServer(
      { methods, admin: access(), log: silentLog, health },
      { host: '127.0.0.1', port: 0 }
    )
  })

  afterEach(async () => {
    await server.close()
  })

  function send(headers: Record<string, string>): Promise<{ status: number; body: string }> {
    const body = '{"jsonrpc":"2.0","id":1,"method":"admin_sequencerActive","params":[]}'
    const all = { 'content-type': 'application/json', ...headers }
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', headers: all, agent: false }
      const request = httpRequest(server.url, options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }

  it('answer a caller that has the token', async () => {
    const { status, body } = await send({ authorization: BEARER })
    assert.deepEqual([status, JSON.parse(body)], [200, { jsonrpc: '2.0', id: 1, result: true }])
  })

  it('say how to prove oneself, and never what the token is', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const { status, body } = await send(headers)
      assert.equal(status, 200)
      const { error } = JSON.parse(body) as { error: { code: number; message: string } }
      assert.equal(error.code, -32011)
      assert.match(error.message, /Authorization: Bearer/)
      assert.equal(body.includes(TOKEN), false)
    }
  })

  it('are shut to a page that reached the address under a name of its own, token or not', async () => {
    for (const host of ['evil.example', 'evil.example:8545', '10.0.0.1']) {
      const { status, body } = await send({ host, authorization: BEARER })
      assert.equal(status, 403, host)
      assert.equal(body.includes('result'), false)
    }
  })

  it('are shut to a form, which needs no leave of a browser', async () => {
    const { status } = await send({ 'content-type': 'text/plain', authorization: BEARER })
    assert.equal(status, 415)
  })
})
