// The bounds of one answer and of a batch: bytes, time, and what is answered to the rest.
import assert from 'node:assert/strict'
import { AnswerBuffer } from '../../../src/rpc/answer-buffer.ts'
import { ByteLedger } from '../../../src/rpc/byte-ledger.ts'
import { JsonItems } from '../../../src/rpc/json-encode.ts'
import { type RpcMethod } from '../../../src/rpc/json-rpc.ts'
import { PIECE_BYTES, PieceMemory } from '../../../src/rpc/piece-memory.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import {
  answerBuffer,
  answerText,
  answerValue,
  asJson,
  rpcContext,
  textOf
} from '../../support/rpc-answer.ts'

const request = (method: string, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params: [] })
const TOO_LARGE = {
  code: -32003,
  message: 'response too large: above 100000 bytes; ask for fewer blocks, or for less in one batch'
}

describe('an answer', () => {
  it('is the same whether its items are made one by one or not', async () => {
    const value = { a: undefined, b: [1, 'x', null], c: { d: [] }, e: [{ f: [[]] }], g: 'é"' }
    const lazy = {
      a: undefined,
      b: new JsonItems([1, 'x', null]),
      c: { d: [] },
      e: new JsonItems([{ f: new JsonItems([new JsonItems([])]) }]),
      g: 'é"'
    }
    assert.deepEqual(await asJson(lazy), JSON.parse(JSON.stringify(value)))
  })

  it('ends at its bound, and no item beyond it is made', async () => {
    let made = 0
    function* endless() {
      for (;;) {
        made += 1
        yield 'x'.repeat(1_000)
      }
    }
    const methods = new Map<string, RpcMethod>([['endless', () => new JsonItems(endless())]])
    const answer = await answerValue({ methods, maxBytes: 100_000 }, request('endless'))
    assert.deepEqual(answer, { jsonrpc: '2.0', id: 1, error: TOO_LARGE })
    assert.ok(made >= 99 && made < 140, `${made} items`)
  })

  it('that is one long text has the bound, too', async () => {
    const methods = new Map<string, RpcMethod>([
      ['long', () => 'x'.repeat(100_000)],
      ['wide', () => 'é'.repeat(60_000)]
    ])
    for (const method of ['long', 'wide']) {
      const answer = await answerValue({ methods, maxBytes: 100_000 }, request(method))
      assert.deepEqual(answer, { jsonrpc: '2.0', id: 1, error: TOO_LARGE })
    }
  })

  it('takes what an item fails with in place of what was written', async () => {
    function* failing() {
      yield 'x'.repeat(50_000)
      throw new RpcError(-32000, 'receipts are not kept')
    }
    const methods = new Map<string, RpcMethod>([['failing', () => new JsonItems(failing())]])
    const answer = await answerValue({ methods }, [request('failing'), request('failing', 2)])
    const error = { code: -32000, message: 'receipts are not kept' }
    assert.deepEqual(
      answer,
      [1, 2].map((id) => ({ jsonrpc: '2.0', id, error }))
    )
  })

  it('has its bytes again where it is taken back', () => {
    const answer = answerBuffer()
    answer.write('a'.repeat(20_000))
    const mark = answer.mark()
    answer.write('b'.repeat(100_000))
    answer.rewind(mark)
    assert.equal(answer.sizeBytes(), 20_000)
    assert.equal(textOf(answer), 'a'.repeat(20_000))
  })

  it('is its text whatever its characters are, and wherever a piece ends', () => {
    const text = ['x', 'é', '€', '😀', '\ud83d'].map((one) => `${one}-`.repeat(70_001)).join('')
    const answer = answerBuffer()
    answer.write(text)
    answer.write(text)
    assert.equal(answer.sizeBytes(), 2 * Buffer.byteLength(text))
    const written = textOf(answer)
    // What is half a character is no text in UTF-8, as Buffer.from has it.
    assert.ok(written === Buffer.from(text + text).toString(), 'another text')
  })

  it('uses the memory of those before it again, and gives back what it does not need', () => {
    const pieces = new PieceMemory({ spareMax: 2 })
    const lease = { grow: () => true, shrink: () => undefined, release: () => undefined }
    const taken: ArrayBufferLike[] = []
    const answerOnce = (drops: boolean) => {
      const answer = new AnswerBuffer({ lease, pieces })
      for (let at = 0; at < 8; at++) answer.write('x'.repeat(PIECE_BYTES / 2))
      if (drops) answer.drop()
      else for (const piece of answer.takePieces()) taken.push(piece.buffer)
    }
    answerOnce(true)
    assert.equal(pieces.spareCount, 2)
    answerOnce(false)
    assert.equal(pieces.spareCount, 2)
    assert.deepEqual(
      taken.map(({ byteLength }) => byteLength),
      [PIECE_BYTES, PIECE_BYTES, 0, 0]
    )
    answerOnce(true)
    assert.equal(pieces.spareCount, 2)
  })

  it('leaves a piece alone that may still be read', () => {
    const pieces = new PieceMemory()
    const lease = { grow: () => true, shrink: () => undefined, release: () => undefined }
    const answer = new AnswerBuffer({ lease, pieces })
    answer.write('x'.repeat(3 * PIECE_BYTES))
    for (const piece of answer.takePieces()) {
      answer.drop()
      assert.equal(pieces.spareCount, 2)
      assert.equal(piece.length, PIECE_BYTES)
      break
    }
    assert.equal(pieces.spareCount, 2)
  })

  it('gives way by an error when others hold the memory', async () => {
    const ledger = new ByteLedger({ totalMaxBytes: 100_000, freeBytes: 0 })
    ledger.lease(() => assert.fail('it holds less')).grow(60_000)
    const answer = new AnswerBuffer({
      lease: ledger.lease(() => undefined),
      pieces: new PieceMemory()
    })
    assert.throws(() => {
      for (let at = 0; at < 10; at++) answer.write('x'.repeat(40_000))
    }, /limit exceeded: too many large answers at once/)
    answer.drop()
    answer.write('lost')
    answer.replace('{}')
    assert.equal(textOf(answer), '{}')
  })
})

describe('a batch', () => {
  it('that becomes too large has its answers so far, and the error for all others, which are not run', async () => {
    let runs = 0
    const large = () => {
      runs += 1
      return 'x'.repeat(40_000)
    }
    const methods = new Map<string, RpcMethod>([['large', large]])
    const body = [1, 2, 3, 4, 5].map((id) => request('large', id))
    const note = { jsonrpc: '2.0', method: 'large' }
    const answers = await answerValue({ methods, maxBytes: 100_000 }, [...body, note, 5])
    assert.ok(Array.isArray(answers))
    assert.equal(runs, 3)
    assert.equal(answers.length, 6)
    assert.deepEqual(
      answers.slice(2, 5),
      [3, 4, 5].map((id) => ({ jsonrpc: '2.0', id, error: TOO_LARGE }))
    )
    assert.equal((answers[5] as { error: { code: number } }).error.code, -32600)
  })

  it('whose time is over has the error for the one under way and all others', async () => {
    const work = new AbortController()
    const error = new RpcError(-32002, 'request timed out')
    const methods = new Map<string, RpcMethod>([
      ['quick', () => 1],
      [
        'hang',
        () => {
          setImmediate(() => work.abort(error))
          return new Promise(() => undefined)
        }
      ]
    ])
    const body = ['quick', 'hang', 'quick'].map((method, id) => request(method, id))
    const answers = await answerValue({ methods, context: rpcContext(work.signal) }, body)
    const timedOut = { code: -32002, message: 'request timed out' }
    assert.deepEqual(answers, [
      { jsonrpc: '2.0', id: 0, result: 1 },
      { jsonrpc: '2.0', id: 1, error: timedOut },
      { jsonrpc: '2.0', id: 2, error: timedOut }
    ])
  })

  it('ends without an answer when the client has gone', async () => {
    const work = new AbortController()
    const reason = new Error('the client has gone')
    let runs = 0
    const methods = new Map<string, RpcMethod>([
      [
        'leave',
        () => {
          runs += 1
          work.abort(reason)
          return 1
        }
      ]
    ])
    const body = JSON.stringify([request('leave'), request('leave')])
    await assert.rejects(answerText({ methods, context: rpcContext(work.signal) }, body), reason)
    assert.equal(runs, 1)
  })
})
