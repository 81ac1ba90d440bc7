// `npm run -s soak -- NAME [--times N] [--kills N] [--seed N]`: long runs outside CI, one JSON line for each criterion.
import '../../src/net/promise-with-resolvers.ts'
import { Command, InvalidArgumentError } from 'commander'
import { type Criterion } from './criterion.ts'
import { soakKills } from './kills.ts'
import { soakMainJob } from './main-job.ts'
import { soakRecovery, type RecoveryOptions } from './recovery.ts'

const TIMES_DEFAULT = 10
const KILLS_DEFAULT = 300

const SOAKS: Readonly<
  Record<string, ((options: RecoveryOptions) => Promise<readonly Criterion[]>) | undefined>
> = { 'main-job': soakMainJob, recovery: soakRecovery, kills: soakKills }
const NAMES = Object.keys(SOAKS).join(', ')

const program: Command = new Command('soak')
  .description(
    'Runs what takes too long for every change. Exit code 0 only when every criterion is met.'
  )
  .argument('<name>', NAMES)
  .option('--times <n>', 'runs of each scenario', parseCount, TIMES_DEFAULT)
  .option(
    '--kills <n>',
    'kills with the record on, and as many with it off',
    parseCount,
    KILLS_DEFAULT
  )
  .option('--seed <n>', 'the first seed', parseCount, 1)
  .action(async (name: string, options: RecoveryOptions) => {
    const soak = SOAKS[name]
    if (soak === undefined) {
      program.error(`there is no soak ${name}; there are ${NAMES}`, { exitCode: 2 })
    }
    const criteria = await soak(options)
    process.exitCode = criteria.every(({ ok }) => ok) ? 0 : 1
  })

await program.parseAsync()

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('a whole number from 1')
  return count
}
