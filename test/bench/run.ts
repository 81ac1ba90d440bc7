// `npm run -s bench [-- NAME…] [--times N] [--smallest]`: measurements, one JSON line for each size.
import '../../src/net/promise-with-resolvers.ts'
import { Command } from 'commander'
import { describeError } from '../../devnet/cluster/condition.ts'
import { wholeNumber } from '../../devnet/command/number-flags.ts'
import { type Bench } from './bench-line.ts'

/** A bench loads what it measures, and no other does. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  'recover-one-block': async () => (await import('./recover-one-block.ts')).recoverOneBlock,
  'recover-gap': async () => (await import('./recover-gap.ts')).recoverGap,
  'trie-commit': async () => (await import('./trie-commit.ts')).trieCommit,
  'recover-state-128': async () => (await import('./recover-state.ts')).recoverState,
  start: async () => (await import('./start.ts')).start,
  'start-parts': async () => (await import('./start-parts.ts')).startParts,
  'command-start': async () => (await import('./command-start.ts')).commandStart,
  'resident-memory': async () => (await import('./resident-memory.ts')).residentMemory,
  'execute-erc20': async () => (await import('./execute-blocks.ts')).createExecuteBench('erc20'),
  'execute-transfers': async () =>
    (await import('./execute-blocks.ts')).createExecuteBench('transfers'),
  'worst-gas': async () => (await import('./worst-gas.ts')).worstGas,
  'blocks-range': async () => (await import('./blocks-range.ts')).blocksRange,
  'wire-bulk': async () => (await import('./wire-bulk.ts')).wireBulk,
  'join-state': async () => (await import('./join-state.ts')).joinState,
  memory: async () => (await import('./receiving-memory.ts')).receivingMemory
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
        const bench = await BENCHES[name]!()
        for await (const line of bench({ isSmallest, times })) {
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
