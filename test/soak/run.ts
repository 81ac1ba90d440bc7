// `npm run -s soak -- NAME [--times N] [--seed N]`: long runs outside CI, one JSON line for each criterion.
import '../../src/net/promise-with-resolvers.ts'
import { Command, InvalidArgumentError } from 'commander'
import { soakMainJob } from './main-job.ts'

const TIMES_DEFAULT = 10

const program = new Command('soak')
  .description(
    'Runs what takes too long for every change. Exit code 0 only when every criterion is met.'
  )
  .argument('<name>', 'main-job')
  .option('--times <n>', 'runs of each scenario', parseCount, TIMES_DEFAULT)
  .option('--seed <n>', 'the first seed', parseCount, 1)
  .action(async (name: string, options: { times: number; seed: number }) => {
    if (name !== 'main-job')
      program.error(`there is no soak ${name}; there is main-job`, { exitCode: 2 })
    const criteria = await soakMainJob(options)
    process.exitCode = criteria.every(({ ok }) => ok) ? 0 : 1
  })

await program.parseAsync()

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('a whole number from 1')
  return count
}
