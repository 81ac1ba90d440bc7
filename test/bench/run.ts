// `npm run -s bench [-- NAME…] [--times N] [--smallest]`: measurements, one JSON line for each size.
import '../../src/net/promise-with-resolvers.ts'
import { Command, InvalidArgumentError } from 'commander'
import { type Bench } from './bench-line.ts'
import { createExecuteBench } from './execute-blocks.ts'
import { recoverGap } from './recover-gap.ts'
import { recoverOneBlock } from './recover-one-block.ts'
import { recoverState } from './recover-state.ts'
import { residentMemory } from './resident-memory.ts'
import { start } from './start.ts'
import { trieCommit } from './trie-commit.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  'recover-one-block': recoverOneBlock,
  'recover-gap': recoverGap,
  'trie-commit': trieCommit,
  'recover-state-128': recoverState,
  start,
  'resident-memory': residentMemory,
  'execute-erc20': createExecuteBench('erc20'),
  'execute-transfers': createExecuteBench('transfers')
}
const TIMES_DEFAULT = 5

const program = new Command('bench')
  .description('Exit code 0 only when every ratio is within its target.')
  .argument('[names...]', Object.keys(BENCHES).join(', '))
  .option('--times <n>', 'times each side is measured', parseCount, TIMES_DEFAULT)
  .option('--smallest', 'the smallest size alone, once: for function, targets do not count', false)
  .action(async (names: readonly string[], options: { times: number; smallest: boolean }) => {
    const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
    if (unknown !== undefined) program.error(`there is no bench ${unknown}`, { exitCode: 2 })
    const { smallest: isSmallest } = options
    let areAllGood = true
    for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
      for await (const line of BENCHES[name]!({
        isSmallest,
        times: isSmallest ? 1 : options.times
      })) {
        process.stdout.write(`${JSON.stringify(line)}\n`)
        areAllGood &&= line.ok
      }
    }
    process.exitCode = areAllGood || isSmallest ? 0 : 1
  })

await program.parseAsync()

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('a whole number from 1')
  return count
}
