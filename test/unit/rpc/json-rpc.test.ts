// JSON-RPC 2.0 over a table of methods: requests, batches, notifications and every error.
import assert from 'node:assert/strict'
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import { type RpcMethod } from '../../../src/rpc/json-rpc.ts'
import { JSON_SCAN_LIMITS } from '../../../src/rpc/json-scan.ts'
import { hashParam, parseParams, quantityParam } from '../../../src/rpc/params.ts'
import { StateError } from '../../../src/state/state-error.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { answerText, answerValue } from '../../support/rpc-answer.ts'

let calls: string[] = []
const methods = new Map<string, RpcMethod>([
  ['echo', (params) => params],
  ['nothing', () => undefined],
  ['later', async ([value]) => Promise.resolve(value)],
  [
    'note',
    ([value]) => {
      calls.push(String(value))
      return value
    }
  ],
  [
    'refuse',
    () => {
      throw new RpcError(-32010, 'the gate is shut', { stage: 'verify' })
    }
  ],
  [
    'break',
    () => {
      throw new Error('a secret path')
    }
  ],
  [
    'damaged',
    () => {
      throw new StateError({ code: 'code-damaged', codeHash: '0x01' })
    }
  ],
  ['typed', (params) => parseParams(params, [hashParam, quantityParam]).map(String)]
])

let logged: LogFields[] = []
const log = { ...silentLog, error: (_: string, fields: LogFields = {}) => void logged.push(fields) }
const answer = (body: unknown) => answerValue({ methods, log }, body)
const request = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params !== undefined && { params })
})
const refused = (code: number, message: string, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message }
})

/** The hooks of each group of tests. */
function useFixture(): void {
  beforeEach(() => {
    calls = []
    logged = []
  })
}

describe('the name of a method that there is not', () => {
  const name = (letter: string) => request(letter.repeat(1_000_000), [])

  it('is cut off before it is made readable', async () => {
    const took = async (letter: string) => {
      const startMs = performance.now()
      const message = `the method ${(letter === 'a' ? 'a' : '?').repeat(64)} does not exist`
      assert.deepEqual(await answer(name(letter)), refused(-32601, message, 1))
      return performance.now() - startMs
    }
    const fewestMs = async (letter: string) =>
      Math.min(await took(letter), await took(letter), await took(letter))
    assert.ok((await fewestMs('~')) < 10 * (await fewestMs('a')))
  })
})

describe('a request', () => {
  useFixture()

  for (const id of [1, 0, -7, 1.5, 'a', '', null]) {
    it(`is answered under its id ${JSON.stringify(id)}`, async () => {
      const expected = { jsonrpc: '2.0', id, result: ['x'] }
      assert.deepEqual(await answer(request('echo', ['x'], id)), expected)
    })
  }
  it('may have an id of 256 characters', async () => {
    const id = 'é'.repeat(256)
    assert.deepEqual(await answer(request('echo', [1], id)), { jsonrpc: '2.0', id, result: [1] })
  })
  it('may have no parameters', async () => {
    assert.deepEqual(await answer(request('echo')), { jsonrpc: '2.0', id: 1, result: [] })
  })
  it('is answered with null where there is nothing', async () => {
    assert.deepEqual(await answer(request('nothing')), { jsonrpc: '2.0', id: 1, result: null })
  })
  it('is answered once its method is done', async () => {
    assert.deepEqual(await answer(request('later', [5])), { jsonrpc: '2.0', id: 1, result: 5 })
  })
  it('without an id is carried out and not answered', async () => {
    assert.equal(await answer({ jsonrpc: '2.0', method: 'note', params: ['x'] }), undefined)
    assert.deepEqual(calls, ['x'])
    for (const method of ['refuse', 'break', 'unknown']) {
      assert.equal(await answer({ jsonrpc: '2.0', method }), undefined)
    }
  })
  it('carries the error of its method, with what belongs to it', async () => {
    const error = { code: -32010, message: 'the gate is shut', data: { stage: 'verify' } }
    assert.deepEqual(await answer(request('refuse')), { jsonrpc: '2.0', id: 1, error })
  })
  it('does not carry what an unforeseen failure says; the log does', async () => {
    const expected = refused(-32603, 'internal error; the log has the reason', 1)
    assert.deepEqual(await answer(request('break')), expected)
    assert.deepEqual(logged, [{ method: 'break', reason: 'a secret path' }])
  })
  it('says that it may be asked again where it met damage of the state', async () => {
    const { error } = (await answer(request('damaged'))) as {
      readonly error: { readonly code: number; readonly message: string }
    }
    assert.equal(error.code, -32000)
    assert.match(error.message, /damaged on this node's disk.*ask again/)
  })
})

describe('a request that is wrong', () => {
  useFixture()

  for (const [what, body, expected] of [
    [
      'a method that does not exist',
      request('eth_mine'),
      refused(-32601, 'the method eth_mine does not exist', 1)
    ],
    [
      'a method of Object',
      request('constructor'),
      refused(-32601, 'the method constructor does not exist', 1)
    ],
    [
      'a method of odd characters',
      request('a\n<b>'),
      refused(-32601, 'the method a??b? does not exist', 1)
    ],
    [
      'a method too long',
      request('x'.repeat(99)),
      refused(-32601, `the method ${'x'.repeat(64)} does not exist`, 1)
    ],
    ['no method', { jsonrpc: '2.0', id: 4 }, refused(-32600, 'method must be a string', 4)],
    [
      'a method that is a number',
      { jsonrpc: '2.0', id: 'q', method: 1 },
      refused(-32600, 'method must be a string', 'q')
    ],
    ['no version', { id: 1, method: 'echo' }, refused(-32600, 'jsonrpc must be "2.0"', 1)],
    [
      'version 1.0',
      { jsonrpc: '1.0', id: 1, method: 'echo' },
      refused(-32600, 'jsonrpc must be "2.0"', 1)
    ],
    [
      'an id that is an object',
      request('echo', [], {}),
      refused(-32600, 'id must be a string or a number')
    ],
    [
      'an id that is true',
      request('echo', [], true),
      refused(-32600, 'id must be a string or a number')
    ],
    [
      'an id that is too long',
      request('echo', [], 'x'.repeat(257)),
      refused(-32600, 'id is longer than 256 characters; send a shorter one')
    ],
    [
      'an id that is too long, and no method',
      { jsonrpc: '2.0', id: 'x'.repeat(257) },
      refused(-32600, 'method must be a string')
    ],
    ['a number', 7, refused(-32600, 'a request is an object')],
    ['null', null, refused(-32600, 'a request is an object')],
    ['a text', 'echo', refused(-32600, 'a request is an object')],
    [
      'named parameters',
      request('echo', { a: 1 }),
      refused(-32602, 'invalid params: not an array', 1)
    ],
    [
      'parameters that are a text',
      request('echo', 'x'),
      refused(-32602, 'invalid params: not an array', 1)
    ],
    [
      'parameters of the wrong kind',
      request('typed', ['0x12', 5]),
      refused(
        -32602,
        'invalid params: argument 0: must be a hash: 0x and 64 hex digits; argument 1: Invalid input: expected string, received number',
        1
      )
    ],
    [
      'parameters that are missing',
      request('typed', []),
      refused(-32602, 'invalid params: argument 0: is missing; argument 1: is missing', 1)
    ],
    [
      'parameters too many',
      request('typed', ['0x', '0x', '0x']),
      refused(-32602, 'invalid params: 3 given, at most 2 taken', 1)
    ]
  ] as const) {
    it(`is refused: ${what}`, async () => {
      assert.deepEqual(await answer(body), expected)
    })
  }
  it('is refused when it is no JSON at all', async () => {
    const expected = refused(-32700, 'the body is not JSON')
    assert.deepEqual(await answerText({ methods, log }, '{"id"'), expected)
  })
})

describe('a batch', () => {
  useFixture()

  it('is answered in its order, notifications left out', async () => {
    const note = { jsonrpc: '2.0', method: 'note', params: ['n'] }
    const body = [
      request('later', [1], 'a'),
      note,
      request('nope', [], 'b'),
      5,
      request('echo', [2], 'c')
    ]
    assert.deepEqual(await answer(body), [
      { jsonrpc: '2.0', id: 'a', result: 1 },
      refused(-32601, 'the method nope does not exist', 'b'),
      refused(-32600, 'a request is an object'),
      { jsonrpc: '2.0', id: 'c', result: [2] }
    ])
    assert.deepEqual(calls, ['n'])
  })
  it('is carried out one request after the other', async () => {
    await answer(['1', '2', '3'].map((value) => request('note', [value])))
    assert.deepEqual(calls, ['1', '2', '3'])
  })
  it('of notifications alone is not answered', async () => {
    assert.equal(await answer([{ jsonrpc: '2.0', method: 'note' }]), undefined)
  })
  it('of nothing is refused', async () => {
    assert.deepEqual(await answer([]), refused(-32600, 'empty batch'))
  })
  it('of batches is refused', async () => {
    assert.deepEqual(await answer([[request('echo')]]), [refused(-32600, 'jsonrpc must be "2.0"')])
  })
  it('is refused whole when it is too long', async () => {
    const { requestsMax } = JSON_SCAN_LIMITS
    const body = Array.from({ length: requestsMax + 1 }, () => request('note', ['x']))
    const message = 'batch too large: more than 1000 requests; send them in several'
    assert.deepEqual(await answer(body), refused(-32600, message))
    assert.deepEqual(calls, [])
    const answers = await answer(body.slice(1))
    assert.ok(Array.isArray(answers))
    assert.equal(answers.length, 1_000)
  })
})
