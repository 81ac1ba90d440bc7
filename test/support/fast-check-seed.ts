// One seed for every property of a run, printed at its start: `REKINDLE_SEED=<seed> npm test` repeats it.
import { randomInt } from 'node:crypto'
import fc from 'fast-check'

const SEED_END = 2 ** 31

const seed = readSeed(process.env.REKINDLE_SEED)
fc.configureGlobal({ seed })
process.stdout.write(`REKINDLE_SEED=${seed}\n`)

function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return randomInt(SEED_END)
  const given = Number(text)
  if (!Number.isInteger(given)) throw new Error(`REKINDLE_SEED is no integer: ${text}`)
  return given
}
