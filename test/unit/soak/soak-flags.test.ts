// The flags of the soak command: defaults, values, and one clear line for each thing that is wrong.
import assert from 'node:assert/strict'
import { parseSoakFlags } from '../../soak/soak-flags.ts'

const part = (name: string, group?: string) => ({
  name,
  ...(group !== undefined && { group }),
  run: () => Promise.resolve([])
})
const SOAKS = new Map([
  ['short', [part('first'), part('second')]],
  ['long', [part('third')]],
  ['grouped', [part('one', 'odd'), part('two', 'even'), part('three', 'odd')]]
])
const parse = (text: string) => parseSoakFlags(SOAKS, text.split(' ').filter(Boolean))

describe('the flags of the soak command', () => {
  it('have defaults, and all parts of the soak', () => {
    const parsed = parse('short')
    assert.ok(parsed.kind === 'flags')
    const { parts, ...rest } = parsed.flags
    assert.deepEqual(
      parts.map(({ name }) => name),
      ['first', 'second']
    )
    const options = {
      times: 10,
      kills: 300,
      seed: 1,
      blockTimeMs: 1_000,
      seconds: 60,
      accounts: 1_000_000,
      storageSlots: 200_000,
      chainBlocks: 10_000,
      joins: 20
    }
    assert.deepEqual(rest, { jobs: 1, out: undefined, options })
  })

  it('take a value each, and a part as often as it is named', () => {
    const parsed = parse(
      'short --only second --only first --times 3 --kills 9 --jobs 2 --block-time 500 --seed 7 --seconds 5 --out a --accounts 2000 --storage-slots 0 --chain-blocks 300 --joins 4'
    )
    assert.ok(parsed.kind === 'flags')
    const { parts, ...rest } = parsed.flags
    assert.equal(parts.length, 2)
    assert.deepEqual(rest, {
      jobs: 2,
      out: 'a',
      options: {
        times: 3,
        kills: 9,
        seed: 7,
        blockTimeMs: 500,
        seconds: 5,
        accounts: 2_000,
        storageSlots: 0,
        chainBlocks: 300,
        joins: 4
      }
    })
  })

  it('take a group for all of its parts, and several names with commas', () => {
    const names = (text: string) => {
      const parsed = parse(text)
      assert.ok(parsed.kind === 'flags')
      return parsed.flags.parts.map(({ name }) => name)
    }
    assert.deepEqual(names('grouped --only odd'), ['one', 'three'])
    assert.deepEqual(names('grouped --only two,three'), ['two', 'three'])
  })

  it('are listed, with all parts', () => {
    const parsed = parse('--help')
    assert.ok(parsed.kind === 'help')
    assert.match(
      parsed.text,
      /--only <part>[^]*Parts of short: first, second\.\nParts of long: third\.\nParts of grouped: one, two, three\. Groups: odd, even\./
    )
  })

  for (const [text, pattern] of [
    ['', /missing required argument 'name'/],
    ['none', /there is no soak none; there are short, long, grouped/],
    ['constructor', /there is no soak constructor/],
    ['short long', /too many arguments/],
    ['short --bogus', /unknown option '--bogus'/],
    ['short --only third', /there is no part third\. Parts of short: first, second/],
    ['short --only', /--only.*missing/],
    ['short --times 0', /--times.*from 1 to/],
    ['short --times 1e3', /--times.*whole number/],
    ['short --kills 2000000', /--kills.*from 1 to 1000000/],
    ['short --jobs 1.5', /--jobs.*whole number/],
    ['short --jobs 33', /--jobs.*from 1 to 32/],
    ['short --block-time 333', /--block-time.*Whole seconds, or 500 or 250 ms/],
    ['short --seconds 0', /--seconds.*from 1 to 3600/],
    ['short --seed -1', /--seed.*whole number/],
    ['short --seed 2147483647', /--seed.*whole number/]
  ] as const) {
    it(`refuse "${text}"`, () => {
      const parsed = parse(text)
      assert.ok(parsed.kind === 'bad')
      assert.match(parsed.text, pattern)
      assert.equal(parsed.text.trimEnd().split('\n').length, 1)
    })
  }
})
