// Negotiation: what is agreed on, what is refused, and that nothing is waited for that no negotiation has.
import assert from 'node:assert/strict'
import { FrameReader } from '../../../src/net/length-prefixed.ts'
import { AnswerReader, Responder } from '../../../src/net/multistream.ts'

const HEADER = line('/multistream/1.0.0')
const SPOKEN = ['/one/1', '/two/1']

function line(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)])
}

describe('a responder', () => {
  it('agrees on what it speaks and keeps what follows, wherever the bytes are cut', () => {
    const bytes = Buffer.concat([HEADER, line('/none/1'), line('/two/1'), Buffer.of(0xff, 0xff, 1)])
    const settledAt = bytes.length - 3
    for (let cut = 0; cut <= bytes.length; cut++) {
      const responder = new Responder()
      const first = responder.push(bytes.subarray(0, cut), SPOKEN)
      const parts = [first.reply]
      let { agreement } = first
      if (agreement === undefined) {
        const second = responder.push(bytes.subarray(cut), SPOKEN)
        parts.push(second.reply)
        agreement = second.agreement
      }
      assert.deepEqual(
        [agreement?.protocol, agreement?.rest.length],
        ['/two/1', (cut < settledAt ? bytes.length : cut) - settledAt]
      )
      assert.deepEqual(Buffer.concat(parts), Buffer.concat([HEADER, line('na'), line('/two/1')]))
    }
  })

  for (const [what, bytes] of [
    ['a length that does not end', Buffer.alloc(3, 0xff)],
    ['a megabyte of it', Buffer.alloc(2 ** 20, 0xff)],
    ['a message of 1,025 bytes', Buffer.of(0x81, 0x08)],
    ['a line without an end', Buffer.of(2, 65, 66)],
    ['an empty message', Buffer.of(0)],
    ['proposals without end', Buffer.concat(Array.from({ length: 17 }, () => line('/none/1')))]
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => new Responder().push(bytes, SPOKEN), RangeError)
    })
  }

  it('waits for a message of 1,024 bytes', () => {
    const { agreement } = new Responder().push(Buffer.of(0x80, 0x08), SPOKEN)
    assert.equal(agreement, undefined)
  })
})

describe('answers to our proposals', () => {
  const flood = Buffer.alloc(16, 0xff)
  const after = (...parts: readonly Buffer[]) => {
    const reader = new AnswerReader()
    reader.propose(Buffer.concat([HEADER, line('/one/1')]))
    return reader.push(Buffer.concat(parts))
  }

  it('end with the one that takes the proposal', () => {
    const agreement = after(HEADER, line('/one/1'), flood)
    assert.equal(agreement?.protocol, '/one/1')
    assert.deepEqual(agreement.rest, flood)
  })

  it('go on after another proposal', () => {
    const reader = new AnswerReader()
    reader.propose(Buffer.concat([HEADER, line('/one/1')]))
    assert.equal(reader.push(Buffer.concat([HEADER, line('na')])), undefined)
    reader.propose(line('/two/1'))
    assert.equal(reader.push(line('/two/1'))?.protocol, '/two/1')
  })

  for (const [what, parts] of [
    ['without a header', [line('/one/1'), flood]],
    ['with a second header', [HEADER, HEADER, line('/one/1'), flood]],
    ['with an answer ahead of its question', [HEADER, line('na'), line('/one/1'), flood]],
    ['with a length that does not end', [HEADER, flood]]
  ] as const) {
    it(`are refused ${what}: the library would read on`, () => {
      assert.throws(() => after(...parts), RangeError)
    })
  }
})

describe('a frame reader', () => {
  it('knows a length by its first bytes, and takes the longest frame', () => {
    const reader = new FrameReader({ lengthMaxBytes: 2, frameMaxBytes: 300 })
    reader.push(Buffer.concat([Buffer.of(0xac, 2), Buffer.alloc(300, 7), Buffer.of(1, 9, 1)]))
    assert.equal(reader.next()?.length, 300)
    assert.deepEqual(reader.next(), Buffer.of(9))
    assert.equal(reader.next(), undefined)
    assert.deepEqual(reader.rest, Buffer.of(1))
  })
})
