// The requesting engine: every wait has its deadline, every chunk is checked, every failure has its name.
import assert from 'node:assert/strict'
import { encodeChunk, type ResponseChunk } from '../../../protocols/framing/chunk.ts'
import { type ByteStream, type StreamOpener } from '../../../src/reqresp/byte-stream.ts'
import { RequestError, type RequestFailure } from '../../../src/reqresp/request-error.ts'
import { createRequester } from '../../../src/reqresp/requester.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { createStreamPair, type MemoryStream } from '../../support/memory-stream.ts'
import { TEXT_PROTOCOL } from '../../support/text-protocol.ts'

const encoder = new TextEncoder()
const DEADLINES = { dialMs: 100, firstByteMs: 200, chunkMs: 300, wholeMs: 1_000 }
const PEER = 'peer-1'

type Server = (stream: MemoryStream) => Promise<void>

describe('sending a request', () => {
  const setUp = (serve: Server) => {
    const clock = createManualClock()
    const failures: RequestFailure[] = []
    const opened: { peer: string; protocolId: string; client: MemoryStream }[] = []
    const opener: StreamOpener = {
      async open(peer, protocolId) {
        const [client, server] = createStreamPair()
        opened.push({ peer, protocolId, client })
        serve(server).catch(() => undefined)
        return client
      }
    }
    const onFailure = (error: RequestError) => void failures.push(error.failure)
    const { request } = createRequester({ clock, opener, chainId: 901n, onFailure }, DEADLINES)
    const stop = new AbortController()
    const chunks: string[] = []
    const run = async (take = Infinity) => {
      for await (const chunk of request(PEER, TEXT_PROTOCOL, 'hello', stop.signal)) {
        chunks.push(chunk)
        if (chunks.length >= take) return
      }
    }
    return { clock, failures, opened, stop, chunks, run }
  }

  it('opens the protocol of its chain, sends the request whole, yields the chunks', async () => {
    const { run, chunks, opened, failures } = setUp(async (stream) => {
      assert.equal(await readText(stream), 'hello')
      await answer(stream, ok('a'), ok('b'))
    })
    await run()
    assert.deepEqual(chunks, ['a', 'b'])
    assert.deepEqual(failures, [])
    assert.equal(opened[0]?.protocolId, '/rekindle/req/text/901/1')
    assert.equal(opened[0].peer, PEER)
  })

  const results: readonly [string, ResponseChunk, RequestFailure][] = [
    [
      'unavailable',
      { result: 'unavailable', reason: 'not here' },
      { code: 'unavailable', peer: PEER, reason: 'not here' }
    ],
    [
      'an invalid request',
      { result: 'invalid-request', reason: 'what?' },
      { code: 'invalid-request', peer: PEER, reason: 'what?' }
    ],
    [
      'a server error',
      { result: 'server-error', reason: 'oh' },
      { code: 'server-error', peer: PEER, reason: 'oh' }
    ],
    [
      'a rate limit',
      { result: 'rate-limited', retryAfterMs: 1_500 },
      { code: 'rate-limited', peer: PEER, retryAfterMs: 1_500 }
    ]
  ]
  for (const [what, chunk, failure] of results) {
    it(`throws ${what} after the chunks before it`, async () => {
      const { run, chunks, failures } = setUp((stream) => answer(stream, ok('first'), chunk))
      await assert.rejects(run(), isFailure(failure))
      assert.deepEqual(chunks, ['first'])
      assert.deepEqual(failures, [failure])
    })
  }

  const malformed: readonly [string, Uint8Array][] = [
    ['a result that is none', Uint8Array.of(9, 0, 0, 0, 0, 0)],
    ['a chunk cut short', encodeChunk(ok('abc'), 100_000).subarray(0, 8)],
    ['a length over the limit', Uint8Array.of(0, 0, 0xff, 0xff, 0xff, 0x7f)],
    ['a chunk that does not decode', encodeChunk(ok('bad'), 100_000)],
    [
      'more chunks than the protocol allows',
      Buffer.concat(['1', '2', '3', '4'].map((text) => encodeChunk(ok(text), 100_000)))
    ],
    [
      'bytes after a final result',
      Buffer.concat([
        encodeChunk({ result: 'unavailable', reason: '' }, 100_000),
        encodeChunk(ok('x'), 100_000)
      ])
    ]
  ]
  for (const [what, bytes] of malformed) {
    it(`names ${what}, and resets the stream`, async () => {
      const { run, failures, opened } = setUp(async (stream) => {
        await stream.write(bytes)
        await stream.closeWrite()
      })
      await assert.rejects(run())
      assert.ok(['response-malformed', 'unavailable'].includes(failures[0]?.code ?? ''))
      if (what !== 'bytes after a final result') {
        assert.equal(failures[0]?.code, 'response-malformed')
      }
      assert.ok(opened[0]?.client.isAborted)
    })
  }

  const waits: readonly [string, Server, number, string][] = [
    ['the first byte', () => Promise.resolve(), DEADLINES.firstByteMs, 'first-byte'],
    [
      'the next chunk',
      (stream) => stream.write(encodeChunk(ok('a'), 100_000)),
      DEADLINES.chunkMs,
      'chunk'
    ]
  ]
  for (const [what, serve, afterMs, phase] of waits) {
    it(`waits for ${what} so long and no longer`, async () => {
      const { run, clock, failures, opened } = setUp(serve)
      const running = run()
      running.catch(() => undefined)
      await settle()
      await clock.advance(afterMs - 1)
      assert.deepEqual(failures, [])
      await clock.advance(1)
      const failure = { code: 'request-deadline-passed', peer: PEER, phase, afterMs } as const
      await assert.rejects(running, isFailure(failure as RequestFailure))
      assert.ok(opened[0]?.client.isAborted)
    })
  }

  it('cuts a trickle off when the whole took too long', async () => {
    const { run, clock, failures } = setUp(async (stream) => {
      const bytes = encodeChunk(ok('x'.repeat(50)), 100_000)
      for (const byte of bytes) {
        await stream.write(Uint8Array.of(byte))
        await clock.sleep(DEADLINES.chunkMs - 1)
      }
    })
    const running = run()
    running.catch(() => undefined)
    await clock.advance(DEADLINES.wholeMs)
    await assert.rejects(running)
    assert.equal(failures[0]?.code === 'request-deadline-passed' && failures[0].phase, 'whole')
  })

  it('says so when the stream cannot be opened in time, or is reset', async () => {
    const clock = createManualClock()
    const failures: RequestFailure[] = []
    const opener: StreamOpener = { open: () => new Promise<ByteStream>(() => undefined) }
    const onFailure = (error: RequestError) => void failures.push(error.failure)
    const { request } = createRequester({ clock, opener, chainId: 1n, onFailure }, DEADLINES)
    const signal = new AbortController().signal
    const running = request(PEER, TEXT_PROTOCOL, 'x', signal).next()
    running.catch(() => undefined)
    await clock.advance(DEADLINES.dialMs)
    await assert.rejects(running)
    assert.equal(failures[0]?.code === 'request-deadline-passed' && failures[0].phase, 'dial')

    const reset = setUp(async (stream) => {
      stream.abort(new Error('gone'))
    })
    await assert.rejects(
      reset.run(),
      isFailure({ code: 'stream-reset', peer: PEER, reason: 'gone' })
    )
  })

  it('resets the stream of a reader that has enough, and blames nobody', async () => {
    const { run, chunks, failures, opened } = setUp((stream) => answer(stream, ok('a'), ok('b')))
    await run(1)
    assert.deepEqual(chunks, ['a'])
    assert.deepEqual(failures, [])
    assert.ok(opened[0]?.client.isAborted)
  })

  it('ends with the reason of its signal, and blames nobody', async () => {
    const { run, stop, failures } = setUp(() => Promise.resolve())
    const running = run()
    running.catch(() => undefined)
    await settle()
    const reason = new Error('stopping')
    stop.abort(reason)
    await assert.rejects(running, reason)
    assert.deepEqual(failures, [])
  })
})

function ok(text: string): ResponseChunk {
  return { result: 'ok', version: 0, bytes: encoder.encode(text) }
}

async function answer(stream: MemoryStream, ...chunks: readonly ResponseChunk[]): Promise<void> {
  for (const chunk of chunks) await stream.write(encodeChunk(chunk, 100_000))
  await stream.closeWrite()
}

async function readText(stream: MemoryStream): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of stream.source) parts.push(part)
  return Buffer.concat(parts).toString()
}

function isFailure(failure: RequestFailure) {
  return (error: unknown) => {
    assert.ok(error instanceof RequestError)
    assert.deepEqual(error.failure, failure)
    return true
  }
}
