// Every decoder under damaged, random and costly input: declared errors in short words, little memory, linear time.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { filesUnder, readProjectFiles } from '../style/project-files.ts'
import { type Decoder } from './decoders/decoder.ts'
import { claimsIn, COSTLY, damaged } from './decoders/mutations.ts'
import { STORED_DECODERS } from './decoders/stored-decoders.ts'
import { TEXT_DECODERS } from './decoders/text-decoders.ts'
import { WIRE_DECODERS } from './decoders/wire-decoders.ts'

const DECODERS = [...WIRE_DECODERS, ...STORED_DECODERS, ...TEXT_DECODERS]

/** Inputs of each decoder; `REKINDLE_FUZZ_RUNS=100000` for a long run. */
const RUNS = runsFrom(process.env.REKINDLE_FUZZ_RUNS, 120)
/** What is said of bad input ends up in logs and answers. */
const MESSAGE_MAX_CHARS = 2_048
/** Places of a seed at which a length claims too much. */
const CLAIM_PLACES_MAX = 12
const CLAIM_SEEDS_MAX = 4
/** Room for a decoded input beside the input itself, and for what the engine keeps at hand. */
const ALLOCATED_MAX_BYTES = 48 * 2 ** 20
/** Sizes that work is compared at: the larger is four times the smaller. */
const SIZES = [
  [16_384, 65_536],
  [65_536, 262_144]
] as const
/** Linear is 4, quadratic is 16. */
const RATIO_MAX = 9
/** What takes less says nothing of its growth: the engine's own threads count too. */
const NOTABLE_MS = 100
const TRIES = 8

function runsFrom(text: string | undefined, fallback: number): number {
  const runs = Number(text ?? fallback)
  if (!Number.isSafeInteger(runs) || runs < 1)
    throw new Error(`REKINDLE_FUZZ_RUNS is no count: ${String(text)}`)
  return runs
}

/** What a decoder throws; undefined where it takes the input. Fails for what is not declared, or has no end. */
async function failureOf(decoder: Decoder, bytes: Uint8Array): Promise<unknown> {
  try {
    await decoder.decode(bytes)
    return undefined
  } catch (thrown) {
    if (!decoder.isDeclared(thrown)) {
      throw new Error(`${decoder.name}: it threw what it does not declare`, { cause: thrown })
    }
    const { length } = String(thrown)
    assert.ok(length <= MESSAGE_MAX_CHARS, `a message of ${String(length)} characters`)
    return thrown
  }
}

/** The least processor time of several tries: what the engine does beside it only ever adds. */
async function timeMs(decoder: Decoder, bytes: Uint8Array, enoughMs: number): Promise<number> {
  let least = Infinity
  for (let attempt = 0; attempt < TRIES && least > enoughMs; attempt++) {
    const start = process.cpuUsage()
    await failureOf(decoder, bytes)
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

describe(`decoders (${String(RUNS)} inputs each, REKINDLE_FUZZ_RUNS)`, function () {
  this.timeout(60_000 + RUNS * DECODERS.length)

  it('have seeds that they take, so that what is damaged was sound', async () => {
    for (const decoder of DECODERS) {
      let isTaken = false
      for (const seed of decoder.seeds) isTaken ||= (await failureOf(decoder, seed)) === undefined
      assert.ok(isTaken, decoder.name)
    }
  })

  for (const decoder of DECODERS) {
    it(`${decoder.name}: throws what it declares, and nothing else`, async () => {
      await fc.assert(
        fc.asyncProperty(damaged(decoder.seeds), async (bytes) => {
          await failureOf(decoder, bytes)
        }),
        { numRuns: RUNS }
      )
    })

    it(`${decoder.name}: takes no memory for what a length claims`, async () => {
      for (const seed of decoder.seeds.slice(0, CLAIM_SEEDS_MAX)) {
        for (const bytes of claimsIn(seed, CLAIM_PLACES_MAX)) {
          const before = process.memoryUsage()
          await failureOf(decoder, bytes)
          const after = process.memoryUsage()
          const allocated =
            after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
          assert.ok(allocated <= ALLOCATED_MAX_BYTES, `${String(allocated)} bytes`)
        }
      }
    })

    it(`${decoder.name}: takes time that grows with the input, no faster`, async () => {
      const { inputMaxBytes = Infinity, seeds } = decoder
      const [seed = new Uint8Array(1)] = seeds
      for (const { name, build } of COSTLY) {
        for (const [small, large] of SIZES) {
          if (large > inputMaxBytes) continue
          const largeMs = await timeMs(decoder, build(seed, large), NOTABLE_MS)
          if (largeMs <= NOTABLE_MS) continue
          const smallMs = await timeMs(decoder, build(seed, small), 0)
          const seen = `${name}: ${smallMs.toFixed(2)} ms for ${String(small)} bytes, ${largeMs.toFixed(2)} ms for ${String(large)}`
          assert.ok(largeMs <= RATIO_MAX * smallMs, seen)
        }
      }
    })
  }
})

/** Exports that read what somebody else wrote, by their names. */
const READS =
  /^export (?:async )?function (?<name>(?:decode|decompress|parse|open(?:Value|Entry)|prepareTransaction|readSlimHashes)\w*)\(/gm

/** Those that take no bytes or text of others. */
const NO_DECODERS: readonly string[] = []

describe('the table of decoders', () => {
  // The conformance suite is run by hand against a node that its user chose.
  const files = filesUnder(readProjectFiles(), ['src', 'protocols']).filter(
    ({ path }) => !path.startsWith('protocols/conformance/')
  )
  const found = files.flatMap(({ path, text }) =>
    [...text.matchAll(READS)].map(({ groups }) => `${path} ${String(groups?.name)}`)
  )
  const covered = new Set(DECODERS.flatMap(({ covers }) => covers))

  it('has every export that decodes', () => {
    assert.ok(found.length > 20)
    const missing = found.filter(
      (one) => !covered.has(one) && !NO_DECODERS.includes(one.split(' ')[0]!)
    )
    assert.deepEqual(missing, [])
  })

  it('names exports that there are', () => {
    const texts = new Map(files.map(({ path, text }) => [path, text]))
    const stale = [...covered].filter((one) => {
      const [path = '', name = ''] = one.split(' ')
      return !new RegExp(`^export .*\\b${name}\\b`, 'm').test(texts.get(path) ?? '')
    })
    assert.deepEqual(stale, [])
  })
})
