// What is counted of a body before it is parsed, and that it is split where the parser would split it.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createYielder } from '../../../src/base/yielder.ts'
import { parseBody } from '../../../src/rpc/json-rpc.ts'
import { JSON_SCAN_LIMITS, scanBody } from '../../../src/rpc/json-scan.ts'

const parse = (text: string) => parseBody(Buffer.from(text), createYielder())
const scan = (text: string) => scanBody(Buffer.from(text), createYielder())

describe('a body', () => {
  it('is what JSON.parse makes of it, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json({ maxDepth: 5 }),
        fc.constantFrom('', ' ', '\n\t'),
        async (json, space) => {
          const parsed = await parse(space + json + space)
          const value: unknown = JSON.parse(json)
          if (parsed.kind === 'batch') assert.deepEqual(parsed.requests, value)
          else if (parsed.kind === 'single') assert.deepEqual(parsed.request, value)
          else assert.deepEqual(value, [], parsed.error.message)
        }
      )
    )
  })

  it('is refused where JSON.parse refuses it: one character taken away, put in or exchanged', async () => {
    const edit = fc.record({
      json: fc.json({ maxDepth: 4 }),
      at: fc.nat(60),
      deletes: fc.nat(1),
      inserted: fc.constantFrom('', '[', ']', '{', '}', ',', '"', '\\', ':', '0')
    })
    await fc.assert(
      fc.asyncProperty(edit, async ({ json, at, deletes, inserted }) => {
        const text = json.slice(0, at) + inserted + json.slice(at + deletes)
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        const parsed = await parse(text)
        const isRefused = parsed.kind === 'refused' && parsed.error.message !== 'empty batch'
        assert.equal(isRefused, !isJson, text)
      }),
      { numRuns: 300 }
    )
  })

  for (const text of [
    '',
    ' ',
    '[',
    ']',
    '{]',
    '[}',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1]]',
    '[1] 2',
    '"',
    '"\\"',
    '{"a":"}'
  ]) {
    it(`is refused: ${text}`, async () => {
      const parsed = await parse(text)
      assert.equal(parsed.kind === 'refused' && parsed.error.code, -32700)
    })
  }
  it('keeps brackets, commas and quotes of its strings', async () => {
    const value = ['a"],[{\\', '\\\\"', { '},"[': ',' }]
    assert.deepEqual(await parse(JSON.stringify(value)), { kind: 'batch', requests: value })
  })
})

describe('the bounds of a body', () => {
  const { depthMax, requestsMax, requestValuesMax, valuesMax } = JSON_SCAN_LIMITS
  const list = (count: number) => `[${Array(count).fill('1').join()}]`

  it('are so many levels', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    assert.equal((await scan(nested(depthMax))).kind, 'batch')
    assert.deepEqual(await scan('['.repeat(5_000_000)), {
      kind: 'too-complex',
      reason: 'deeper than 32 levels'
    })
  })
  it('are so many requests', async () => {
    assert.equal((await scan(list(requestsMax))).kind, 'batch')
    assert.equal((await scan(list(requestsMax + 1))).kind, 'batch-too-long')
  })
  it('are so many bytes of a request, not of a batch', async () => {
    const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`
    const mebibyte = 2 ** 20
    assert.equal((await scan(text(mebibyte))).kind, 'single')
    assert.equal((await scan(`[${text(mebibyte)},${text(mebibyte)}]`)).kind, 'batch')
    const tooLong = {
      kind: 'too-complex',
      reason: 'of a request of more than 1048576 bytes'
    }
    assert.deepEqual(await scan(text(mebibyte + 1)), tooLong)
    assert.deepEqual(await scan(`[1,${text(mebibyte + 1)},2]`), tooLong)
    assert.deepEqual(await scan(`[1,${text(mebibyte + 1)}]`), tooLong)
  })
  it('are so many values of a request, and in all', async () => {
    const single = (count: number) => `{"params":${list(count)}}`
    assert.equal((await scan(single(requestValuesMax - 1))).kind, 'single')
    assert.equal((await scan(single(requestValuesMax))).kind, 'too-complex')
    assert.equal(valuesMax, 65_536)
    const batch = (requests: number) => `[${Array(requests).fill(list(1_000)).join()}]`
    assert.equal((await scan(batch(65))).kind, 'batch')
    assert.equal((await scan(batch(66))).kind, 'too-complex')
  })
})
