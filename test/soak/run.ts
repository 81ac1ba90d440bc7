// `npm run -s soak -- NAME [--only PART] [--times N] [--jobs N]`: long runs outside CI, one JSON line for each criterion.
import '../../src/net/promise-with-resolvers.ts'
import { Command, InvalidArgumentError } from 'commander'
import { printCriterion } from './criterion.ts'
import { createJobSlots } from '../support/job-slots.ts'
import { MAIN_JOB_PARTS } from './main-job.ts'
import { RECOVERY_PARTS } from './recovery.ts'
import { type SoakOptions, type SoakPart } from './soak-part.ts'
import { STATE_PARTS } from './state.ts'

const TIMES_DEFAULT = 10
const KILLS_DEFAULT = 300
const BLOCK_TIME_MS_DEFAULT = 1_000

const SOAKS: Readonly<Record<string, readonly SoakPart[] | undefined>> = {
  'main-job': MAIN_JOB_PARTS,
  recovery: RECOVERY_PARTS,
  state: STATE_PARTS
}
const NAMES = Object.keys(SOAKS).join(', ')

interface Given extends Omit<SoakOptions, 'slots' | 'blockTimeMs'> {
  readonly only: readonly string[]
  readonly jobs: number
  readonly blockTime: number
}

const program: Command = new Command('soak')
  .description(
    'Runs what takes too long for every change. Exit code 0 only when every criterion is met.'
  )
  .argument('<name>', NAMES)
  .option('--only <part>', 'this part; may be given again', collect, [])
  .option('--times <n>', 'runs of each scenario', parseCount, TIMES_DEFAULT)
  .option('--kills <n>', 'kills with the record on, and as many off', parseCount, KILLS_DEFAULT)
  .option('--jobs <n>', 'clusters side by side', parseCount, 1)
  .option('--block-time <ms>', 'of the scenarios', parseCount, BLOCK_TIME_MS_DEFAULT)
  .option('--seed <n>', 'the first seed', parseCount, 1)
  .addHelpText('after', `\n${Object.entries(SOAKS).map(describeParts).join('\n')}`)
  .action(async (name: string, given: Given) => {
    const parts = SOAKS[name]
    if (parts === undefined) {
      program.error(`there is no soak ${name}; there are ${NAMES}`, { exitCode: 2 })
    }
    const unknown = given.only.find((part) => !parts.some((known) => known.name === part))
    if (unknown !== undefined) {
      program.error(`there is no part ${unknown}. ${describeParts([name, parts])}`, { exitCode: 2 })
    }
    const chosen = parts.filter((part) => given.only.length === 0 || given.only.includes(part.name))
    process.exitCode = (await runParts(chosen, given)) ? 0 : 1
  })

await program.parseAsync()

/** True when every criterion was met. Each is printed as soon as it is known. */
async function runParts(parts: readonly SoakPart[], given: Given): Promise<boolean> {
  const { blockTime: blockTimeMs, jobs, ...counts } = given
  const options = { ...counts, blockTimeMs, slots: createJobSlots(jobs) }
  let areAllMet = true
  const run = async (part: SoakPart) => {
    for (const criterion of await part.run(options)) {
      const { ok } = printCriterion(criterion)
      areAllMet &&= ok
    }
  }
  await Promise.all(parts.filter(({ isAlone }) => isAlone !== true).map(run))
  for (const part of parts.filter(({ isAlone }) => isAlone === true)) await run(part)
  return areAllMet
}

function describeParts([name, parts]: readonly [string, readonly SoakPart[] | undefined]): string {
  return `Parts of ${name}: ${(parts ?? []).map((part) => part.name).join(', ')}.`
}

function collect(part: string, parts: readonly string[]): readonly string[] {
  return [...parts, part]
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('a whole number from 1')
  return count
}
