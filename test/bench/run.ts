// `npm run -s bench [-- NAME…] [--times N] [--smallest]`: measurements, one JSON line for each size.
import '../../src/net/promise-with-resolvers.ts'
import { Command } from 'commander'
import { describeError } from '../../devnet/cluster/condition.ts'
import { wholeNumber } from '../../devnet/command/number-flags.ts'
import { type Bench } from './bench-line.ts'
import { blocksRange } from './blocks-range.ts'
import { commandStart } from './command-start.ts'
import { createExecuteBench } from './execute-blocks.ts'
import { receivingMemory } from './receiving-memory.ts'
import { recoverGap } from './recover-gap.ts'
import { recoverOneBlock } from './recover-one-block.ts'
import { recoverState } from './recover-state.ts'
import { residentMemory } from './resident-memory.ts'
import { start } from './start.ts'
import { startParts } from './start-parts.ts'
import { trieCommit } from './trie-commit.ts'
import { wireBulk } from './wire-bulk.ts'
import { worstGas } from './worst-gas.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  'recover-one-block': recoverOneBlock,
  'recover-gap': recoverGap,
  'trie-commit': trieCommit,
  'recover-state-128': recoverState,
  start,
  'start-parts': startParts,
  'command-start': commandStart,
  'resident-memory': residentMemory,
  'execute-erc20': createExecuteBench('erc20'),
  'execute-transfers': createExecuteBench('transfers'),
  'worst-gas': worstGas,
  'blocks-range': blocksRange,
  'wire-bulk': wireBulk,
  memory: receivingMemory
}
const TIMES_DEFAULT = 5
const TIMES_MAX = 1_000

const program = new Command('bench')
  .description('Exit code: 0 when every ratio is within its target, 1 when not, 2 for wrong flags.')
  .argument('[names...]', Object.keys(BENCHES).join(', '))
  .option('--times <n>', 'times each side is measured', wholeNumber(1, TIMES_MAX), TIMES_DEFAULT)
  .option('--smallest', 'the smallest size alone, once: for function, targets do not count', false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(async (names: readonly string[], options: { times: number; smallest: boolean }) => {
    const unknown = names.find((name) => !Object.hasOwn(BENCHES, name))
    if (unknown !== undefined) {
      const known = Object.keys(BENCHES).join(', ')
      program.error(`error: there is no bench ${unknown}; there are ${known}`)
    }
    const { smallest: isSmallest } = options
    const times = isSmallest ? 1 : options.times
    let areAllGood = true
    let haveAllRun = true
    for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
      try {
        for await (const line of BENCHES[name]!({ isSmallest, times })) {
          process.stdout.write(`${JSON.stringify(line)}\n`)
          areAllGood &&= line.ok
        }
      } catch (thrown) {
        haveAllRun = false // the others are measured all the same
        process.stderr.write(`bench ${name}: ${describeError(thrown)}\n`)
      }
    }
    process.exitCode = haveAllRun && (areAllGood || isSmallest) ? 0 : 1
  })

await program.parseAsync()
