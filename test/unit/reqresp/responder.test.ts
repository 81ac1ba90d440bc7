// The serving engine: bounds before the handler, quota, deadlines, one slow reader alone.
import assert from 'node:assert/strict'
import { ChunkParser } from '../../../protocols/framing/chunk-parser.ts'
import { type ResponseChunk } from '../../../protocols/framing/chunk.ts'
import { silentLog } from '../../../src/base/log.ts'
import { Quota } from '../../../src/peer/quota.ts'
import {
  Lane,
  type LaneLimits,
  READER_GRACE_MS,
  SHARE_RETRY_MS
} from '../../../src/reqresp/lane.ts'
import {
  type Handler,
  RequestRefused,
  respond,
  type ServeDeadlines
} from '../../../src/reqresp/responder.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { createStreamPair, type MemoryStream } from '../../support/memory-stream.ts'
import { TEXT_PROTOCOL } from '../../support/text-protocol.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const DEADLINES = { requestMs: 100, chunkMs: 200, refusalMs: 50, wholeMs: 1_000 }
const PEER = 'peer-1'

describe('serving a request', () => {
  const setUp = ({
    tokens = 100,
    streamsPerPeerMax = 2,
    streamsMax = 3,
    deadlines = DEADLINES,
    ...limits
  }: Partial<LaneLimits> & {
    readonly tokens?: number
    readonly deadlines?: ServeDeadlines
  } = {}) => {
    const clock = createManualClock()
    const rate = { burstTokens: tokens, tokensPerSecond: 10 }
    const quota = new Quota(clock, { perPeer: rate, total: rate })
    const lane = new Lane({ clock, quota }, { streamsPerPeerMax, streamsMax, ...limits })
    const served: string[] = []
    const stop = new AbortController()
    const serve = (
      handle: Handler<string, string>['serve'] = (text) => [text],
      { peer = PEER, costTokens = 1 } = {}
    ) => {
      const [client, server] = createStreamPair()
      const handler: Handler<string, string> = {
        def: TEXT_PROTOCOL,
        serve(text, context) {
          served.push(text)
          return handle(text, context)
        },
        costTokens,
        lane
      }
      const deps = { clock, log: silentLog, signal: stop.signal }
      const done = respond(deps, handler, { peer, stream: server }, deadlines)
      return { client, server, done }
    }
    return { clock, lane, served, serve, stop }
  }

  it('answers with the chunks of the handler and closes', async () => {
    const { serve, served, lane } = setUp()
    const { client, done } = serve((text) => [text, 'two', 'three'])
    await ask(client, 'one')
    assert.deepEqual(await read(client), ['one', 'two', 'three'])
    await done
    assert.deepEqual(served, ['one'])
    assert.equal(lane.openCount, 0)
  })

  it('streams what an async handler yields', async () => {
    const { serve } = setUp()
    const { client } = serve(async function* () {
      yield 'a'
      await Promise.resolve()
      yield 'b'
    })
    await ask(client, 'x')
    assert.deepEqual(await read(client), ['a', 'b'])
  })

  for (const [what, text] of [
    ['that does not decode', 'bad'],
    ['of too many bytes', 'ninechars']
  ] as const) {
    it(`refuses a request ${what} before the handler, at fifteen times its cost`, async () => {
      const { serve, served, lane } = setUp({ tokens: 20 })
      const { client } = serve()
      await ask(client, text)
      const [refusal] = await readChunks(client)
      assert.equal(refusal?.result, 'invalid-request')
      assert.deepEqual(served, [])
      assert.equal(lane.quota.take(PEER, 5), 0)
      assert.ok(lane.quota.take(PEER, 1) > 0, 'fifteen tokens were charged')
    })
  }

  it('says how long to wait when the quota is used up, and serves nothing', async () => {
    const { serve, served, clock } = setUp({ tokens: 5 })
    const first = serve(undefined, { costTokens: 5 })
    await ask(first.client, 'x')
    await read(first.client)
    const second = serve(undefined, { costTokens: 5 })
    await ask(second.client, 'x')
    assert.deepEqual(await readChunks(second.client), [
      { result: 'rate-limited', retryAfterMs: 500 }
    ])
    assert.equal(served.length, 1)
    await clock.advance(500)
    const third = serve(undefined, { costTokens: 5 })
    await ask(third.client, 'x')
    assert.deepEqual(await read(third.client), ['x'])
  })

  it('passes the handler’s refusal on, after the chunks before it', async () => {
    const { serve } = setUp()
    const { client } = serve(function* () {
      yield 'good'
      throw new RequestRefused('unavailable', 'no more')
    })
    await ask(client, 'x')
    const chunks = await readChunks(client)
    assert.deepEqual(
      chunks.map(({ result }) => result),
      ['ok', 'unavailable']
    )
    assert.equal(chunks[1]?.result === 'unavailable' && chunks[1].reason, 'no more')
  })

  it('answers a failing handler with a server error that says nothing of its inside', async () => {
    const { serve } = setUp()
    const { client, server, done } = serve(() => {
      throw new Error('secret path')
    })
    await ask(client, 'x')
    const parser = new ChunkParser(TEXT_PROTOCOL.limits)
    const reader = client.source[Symbol.asyncIterator]()
    const [chunk] = parser.push((await reader.next()).value as Uint8Array)
    assert.equal(chunk?.result, 'server-error')
    assert.doesNotMatch(chunk.result === 'server-error' ? chunk.reason : '', /secret/)
    await done
    assert.ok(server.isAborted)
  })

  it('tells a peer beyond the bounds when to come again, and leaves the open streams', async () => {
    const { serve, served, lane } = setUp({ streamsPerPeerMax: 2, streamsMax: 3 })
    const open = [serve(), serve()]
    const other = serve(undefined, { peer: 'peer-2' })
    for (const refused of [serve(), serve(undefined, { peer: 'peer-3' })]) {
      assert.deepEqual(await readChunks(refused.client), [
        { result: 'rate-limited', retryAfterMs: SHARE_RETRY_MS }
      ])
      await refused.client.closeWrite()
      await refused.done
      assert.ok(!refused.server.isAborted, 'a refusal ends in order')
    }
    assert.deepEqual(served, [])
    for (const { client } of [...open, other]) {
      await ask(client, 'x')
      assert.deepEqual(await read(client), ['x'])
    }
    await Promise.all([...open, other].map(({ done }) => done))
    assert.equal(lane.openCount, 0)
  })

  it('counts a stream from the moment it opens, and holds no refusal for long', async () => {
    const { serve, lane, clock } = setUp({ streamsPerPeerMax: 1, streamsMax: 1 })
    serve()
    assert.equal(lane.openCount, 1, 'nothing of the request has come')
    const refused = serve()
    await readChunks(refused.client)
    assert.ok(!refused.server.isAborted)
    await clock.advance(DEADLINES.refusalMs)
    await refused.done
    assert.ok(refused.server.isAborted, 'it never closed its side')
  })

  it('writes a few refusals to one peer at a time, and resets what comes beyond', async () => {
    const { serve, clock } = setUp({ streamsPerPeerMax: 1, streamsMax: 1 })
    serve()
    const refused = Array.from({ length: 6 }, () => serve())
    await settle()
    assert.deepEqual(
      refused.map(({ server }) => server.isAborted),
      [false, false, false, false, true, true]
    )
    await clock.advance(DEADLINES.refusalMs)
    const again = serve()
    assert.equal((await readChunks(again.client))[0]?.result, 'rate-limited')
  })

  it('gives the place of a request that trickles to a peer that waits, and says so', async () => {
    const deadlines = { ...DEADLINES, requestMs: 10_000, wholeMs: 100_000 }
    const { serve, clock } = setUp({ streamsMax: 1, turnMs: 1_000, deadlines })
    const slow = serve()
    await slow.client.write(encoder.encode('x'))
    await clock.advance(1_000)
    const other = serve(undefined, { peer: 'peer-2' })
    assert.deepEqual(await readChunks(slow.client), [
      { result: 'rate-limited', retryAfterMs: 1_000 }
    ])
    await ask(other.client, 'mine')
    assert.deepEqual(await read(other.client), ['mine'])
  })

  it('ends an answer between two chunks when its place is given away, and writes nothing behind that', async () => {
    const deadlines = { ...DEADLINES, wholeMs: 100_000 }
    const { serve, clock } = setUp({ streamsMax: 1, turnMs: 1_000, deadlines })
    const long = serve(async function* () {
      for (let index = 0; index < 9; index++) {
        yield 'part'
        await clock.sleep(600)
      }
    })
    await ask(long.client, 'x')
    await clock.advance(600)
    await clock.advance(600)
    serve(undefined, { peer: 'peer-2' })
    await clock.advance(600)
    const results = (await readChunks(long.client)).map(({ result }) => result)
    assert.deepEqual(results, ['ok', 'ok', 'ok', 'rate-limited'])
    await long.done
    assert.ok(!long.server.isAborted)
  })

  it('cuts a reader off that takes each chunk in time and far too little in all', async () => {
    const deadlines = { ...DEADLINES, chunkMs: 10_000, wholeMs: 120_000 }
    const limits = { readerMinBytesPerSecond: 16_384 }
    const { serve, clock } = setUp({ ...limits, deadlines })
    const { client, server } = serve(function* () {
      for (;;) yield randomText(64 * 1_024)
    })
    await ask(client, 'x')
    const reader = client.source[Symbol.asyncIterator]()
    for (let ms = 0; ms <= 2 * READER_GRACE_MS && !server.isAborted; ms += 9_000) {
      await settle()
      await reader.next()
      await clock.advance(9_000)
    }
    assert.ok(server.isAborted)
  })

  it('lets a large answer wait once it cost far more than the peer has', async () => {
    const { serve } = setUp({ tokens: 10, bytesPerToken: 1_000 })
    const { client } = serve(function* () {
      for (;;) yield randomText(5_000)
    })
    await ask(client, 'x')
    const results = (await readChunks(client)).map(({ result }) => result)
    assert.equal(results.at(-1), 'rate-limited')
    assert.ok(results.length >= 4 && results.length <= 8, String(results.length))
    const next = serve()
    await ask(next.client, 'x')
    assert.equal((await readChunks(next.client))[0]?.result, 'rate-limited')
  })

  it('writes small chunks that are at hand together, and one that came before a wait without waiting', async () => {
    const { serve } = setUp()
    const sizes = Array.from({ length: 40 }, () => 4_000)
    const prompt = serve(function* () {
      for (const size of sizes) yield randomText(size)
    })
    await ask(prompt.client, 'x')
    let parts = 0
    const parser = new ChunkParser({ ...TEXT_PROTOCOL.limits, chunksMax: sizes.length })
    let chunksCount = 0
    for await (const part of prompt.client.source) {
      parts += 1
      chunksCount += [...parser.push(part)].length
    }
    assert.equal(chunksCount, sizes.length)
    assert.ok(parts <= 4, `${String(parts)} writes`)
    const late = Promise.withResolvers<undefined>()
    const waiting = serve(async function* () {
      yield 'first'
      await late.promise
      yield 'second'
    })
    await ask(waiting.client, 'x')
    const reader = waiting.client.source[Symbol.asyncIterator]()
    const first = await reader.next()
    assert.ok(first.done !== true && first.value.length > 0)
    late.resolve(undefined)
    const second = await reader.next()
    assert.ok(second.done !== true)
  })

  it('leaves the event loop to others within a long answer', async () => {
    const { serve } = setUp()
    let turns = 0
    let isDone = false
    const count = () => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    const startMs = performance.now()
    const { client, done } = serve(function* () {
      while (turns < 4 && performance.now() - startMs < 10_000) yield 'x'
    })
    await ask(client, 'x')
    const reading = readChunks(client)
    await done
    await reading
    isDone = true
    assert.ok(turns >= 4, `${String(turns)} turns`)
  })

  it('gives up a request that does not end, and calls it no wrong one: it may be we that stood still', async () => {
    const { serve, clock, served } = setUp()
    const { client, done } = serve()
    await client.write(encoder.encode('x'))
    await clock.advance(DEADLINES.requestMs)
    const [refusal] = await readChunks(client)
    assert.equal(refusal?.result, 'server-error')
    await done
    assert.deepEqual(served, [])
  })

  it('cuts a reader off that takes nothing, and holds no more than one chunk for it', async () => {
    const { serve, clock } = setUp()
    let yielded = 0
    const { client, server, done } = serve(function* () {
      for (; yielded < 3; yielded++) yield randomText(90_000)
    })
    await ask(client, 'x')
    await settle()
    assert.equal(yielded, 0, 'the second chunk waits for the first')
    assert.ok(server.unreadBytes < 110_000)
    await clock.advance(DEADLINES.chunkMs)
    await done
    assert.ok(server.isAborted)
  })

  it('cuts a request off that takes longer than the whole may', async () => {
    const { serve, clock } = setUp()
    const { client, server, done } = serve(async function* () {
      for (let index = 0; index < 3; index++) {
        await clock.sleep(DEADLINES.wholeMs / 2)
        yield 'slow'
      }
    })
    await ask(client, 'x')
    await clock.advance(DEADLINES.wholeMs)
    await done
    assert.ok(server.isAborted)
  })

  it('ends when the node stops', async () => {
    const { serve, stop } = setUp()
    const { client, server, done } = serve(async function* () {
      await new Promise(() => undefined)
      yield 'never'
    })
    await ask(client, 'x')
    await settle()
    stop.abort(new Error('stopping'))
    await done
    assert.ok(server.isAborted)
  })
})

async function ask(client: MemoryStream, text: string): Promise<void> {
  await client.write(encoder.encode(text))
  await client.closeWrite()
}

async function readChunks(client: MemoryStream): Promise<readonly ResponseChunk[]> {
  const parser = new ChunkParser({ ...TEXT_PROTOCOL.limits, chunksMax: 1_000_000 })
  const chunks: ResponseChunk[] = []
  for await (const part of client.source) chunks.push(...parser.push(part))
  parser.end()
  return chunks
}

async function read(client: MemoryStream): Promise<readonly string[]> {
  const chunks = await readChunks(client)
  return chunks.map((chunk) => {
    assert.equal(chunk.result, 'ok')
    return chunk.result === 'ok' ? decoder.decode(chunk.bytes) : ''
  })
}

/** Text that does not compress much. */
function randomText(length: number): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return String.fromCharCode(32 + (state % 90))
  }).join('')
}
