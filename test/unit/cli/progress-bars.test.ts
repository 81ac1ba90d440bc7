// Bars on a stream that says it is a terminal: the right figures, and nothing of them once they are cleared.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { createProgressBars } from '../../../src/cli/progress-bars.ts'
import { type CurrentStage } from '../../../src/recovery/actions/progress.ts'

const FETCHING: CurrentStage = {
  name: 'fetch-state',
  done: 1_000,
  expected: 4_000,
  bytes: 64_000,
  peers: ['a', 'b', 'c'],
  elapsedMs: 2_000,
  rate: 500,
  leftMs: 6_000,
  share: 0.25,
  parts: [
    { name: 'accounts', done: 800, expected: 1_600 },
    { name: 'slots', done: 190, expected: 760 },
    { name: 'codes', done: 10, expected: undefined }
  ]
}
const ERASE_BELOW = '\u001b[0J'

function recordedStream(isTTY: boolean) {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    }
  })
  const take = () => {
    const taken = text
    text = ''
    return taken
  }
  return { stream: Object.assign(stream, { isTTY, columns: 120 }), take }
}

describe('progress on a terminal', () => {
  it('is a bar for each kind, with count, total, rate and peers', () => {
    const { stream, take } = recordedStream(true)
    const bars = createProgressBars(stream)
    try {
      bars.show([FETCHING])
      const [accounts, slots, codes, ...others] = stripVTControlCharacters(take()).split('\n')
      const bar = (done: number) => `${'='.repeat(done)}${'-'.repeat(30 - done)}`
      assert.equal(accounts, `accounts      ${bar(15)}  50 %  800 of 1600, 400/s, 3 peers`)
      assert.equal(slots, `slots         ${bar(8)}  25 %  190 of 760, 95/s, 3 peers`)
      assert.equal(codes, `codes         ${' '.repeat(30)}        10, 5/s, 3 peers`)
      assert.deepEqual(others, [])
    } finally {
      bars.clear()
    }
  })

  it('is one bar for a stage of one kind', () => {
    const { stream, take } = recordedStream(true)
    const bars = createProgressBars(stream)
    try {
      bars.show([{ ...FETCHING, name: 'fetch-blocks', parts: [], peers: ['a'] }])
      assert.match(
        stripVTControlCharacters(take()),
        /^fetch-blocks .* 25 % {2}1000 of 4000, 500\/s, 1 peer$/
      )
    } finally {
      bars.clear()
    }
  })

  it('is erased for a line of the log, and when nothing runs any more', () => {
    const { stream, take } = recordedStream(true)
    const bars = createProgressBars(stream)
    bars.show([FETCHING])
    take()
    bars.clear()
    assert.ok(take().endsWith(ERASE_BELOW))
    bars.clear()
    assert.equal(take(), '')
    bars.show([FETCHING])
    take()
    bars.show([])
    assert.ok(take().endsWith(ERASE_BELOW))
  })

  it('is nothing elsewhere', () => {
    const { stream, take } = recordedStream(false)
    const bars = createProgressBars(stream)
    bars.show([FETCHING])
    bars.clear()
    assert.equal(take(), '')
  })
})
