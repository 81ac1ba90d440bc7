// The log: JSON lines of plain values, pretty lines for a person, nothing below the level.
import assert from 'node:assert/strict'
import { createLog, type LogOptions } from '../../../src/node/log.ts'

/** A log, and the lines that it wrote. */
function recordedLog(options: Pick<LogOptions, 'level' | 'isPretty'>) {
  const lines: string[] = []
  const log = createLog({ ...options, destination: { write: (line) => void lines.push(line) } })
  return { log, lines }
}

const parse = (line = '') => JSON.parse(line) as Readonly<Record<string, unknown>>

describe('log', () => {
  it('writes an event and its fields as one line of JSON, with time and level', () => {
    const { log, lines } = recordedLog({ level: 'info', isPretty: false })
    log.info('head-moved', { number: 12n, hash: '0x01' })
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^[^\n]+\n$/)
    const { time, ...rest } = parse(lines[0])
    assert.deepEqual(rest, {
      level: 'info',
      event: 'head-moved',
      number: '12',
      hash: '0x01',
      msg: 'head moved'
    })
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  for (const [level, written] of [
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']]
  ] as const) {
    it(`writes ${written.join(', ')} at level ${level}`, () => {
      const { log, lines } = recordedLog({ level, isPretty: false })
      for (const name of ['error', 'warn', 'info', 'debug'] as const) log[name](`a-${name}`)
      const events = written.map((name) => `a-${name}`)
      assert.deepEqual(
        lines.map((line) => parse(line).event),
        events
      )
      assert.deepEqual(
        lines.map((line) => parse(line).level),
        written
      )
    })
  }

  for (const [what, value, expected] of [
    ['a bigint', 2n ** 64n, '18446744073709551616'],
    ['an error', new Error('broken'), 'broken'],
    ['bytes, by their length', new Uint8Array(5), '5 bytes'],
    ['a set', new Set([1n]), ['1']],
    ['a map', new Map([['a', 1n]]), [['a', '1']]],
    ['a list of objects', [{ a: { b: 1n } }], [{ a: { b: '1' } }]],
    ['null', null, null],
    ['a text with a line break', 'a\nb', 'a\nb']
  ] as const) {
    it(`writes ${what}`, () => {
      const { log, lines } = recordedLog({ level: 'info', isPretty: false })
      log.info('event', { value })
      assert.equal(lines.join('').trimEnd().split('\n').length, 1)
      assert.deepEqual(parse(lines[0]).value, expected)
    })
  }

  it('writes one line an event for a person, whatever its fields are', () => {
    const { log, lines } = recordedLog({ level: 'info', isPretty: true })
    log.warn('disk-full', { left: 7n, by: { a: 1 } })
    assert.match(
      lines.join(''),
      /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: disk-full \{"left":"7","by":\{"a":1\}\}\n$/
    )
  })
})
