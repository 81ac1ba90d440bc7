// `npm run -s soak -- NAME [--only PART] [--times N] [--jobs N]`: long runs outside CI, one JSON line for each criterion.
import '../../src/net/promise-with-resolvers.ts'
import { describeError } from '../../devnet/cluster/condition.ts'
import { EXIT_CODE } from '../../src/cli/command-io.ts'
import { appendCriterion, type Criterion, printCriterion, say } from './criterion.ts'
import { CONFORMANCE_STARTS_PARTS } from './conformance-starts.ts'
import { createJobSlots } from '../support/job-slots.ts'
import { JOIN_PARTS } from './join.ts'
import { MAIN_JOB_PARTS } from './main-job.ts'
import { READS_PARTS } from './reads/reads.ts'
import { RECOVERY_PARTS } from './recovery.ts'
import { parseSoakFlags, type SoakFlags, type Soaks } from './soak-flags.ts'
import { type SoakOptions, type SoakPart } from './soak-part.ts'
import { STATE_PARTS } from './state.ts'
import { STRANGERS_PARTS } from './strangers/strangers.ts'

const SOAKS: Soaks = new Map([
  ['join', JOIN_PARTS],
  ['main-job', MAIN_JOB_PARTS],
  ['reads', READS_PARTS],
  ['recovery', RECOVERY_PARTS],
  ['state', STATE_PARTS],
  ['strangers', STRANGERS_PARTS],
  ['conformance-starts', CONFORMANCE_STARTS_PARTS]
])

const parsed = parseSoakFlags(SOAKS, process.argv.slice(2))
if (parsed.kind === 'flags') {
  process.exitCode = (await runParts(parsed.flags)) ? EXIT_CODE.good : EXIT_CODE.failed
} else if (parsed.kind === 'help') {
  process.stdout.write(parsed.text)
} else {
  process.stderr.write(parsed.text)
  process.exitCode = EXIT_CODE.badUsage
}

/** True when every criterion was met. Each is printed as soon as it is known. */
async function runParts({ parts, jobs, out, options: counts }: SoakFlags): Promise<boolean> {
  say(`seed ${String(counts.seed)}`)
  const options = { ...counts, slots: createJobSlots(jobs) }
  let areAllMet = true
  const run = async (part: SoakPart) => {
    for (const criterion of await criteriaOf(part, options)) {
      const { ok } = printCriterion(criterion)
      if (out !== undefined) await appendCriterion(out, criterion, { seed: counts.seed })
      areAllMet &&= ok
    }
  }
  await Promise.all(parts.filter(({ isAlone }) => isAlone !== true).map(run))
  for (const part of parts.filter(({ isAlone }) => isAlone === true)) await run(part)
  return areAllMet
}

/** A part that cannot be run to its end takes nothing of the others with it. */
async function criteriaOf(part: SoakPart, options: SoakOptions): Promise<readonly Criterion[]> {
  try {
    return await part.run(options)
  } catch (thrown) {
    const value = describeError(thrown)
    return [{ criterion: `${part.name}: run to its end`, ok: false, value, limit: null }]
  }
}
