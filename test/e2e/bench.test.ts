// The benches at their smallest size, for function only, and the arithmetic of their lines.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { projectPath } from '../support/project-root.ts'
import { benchLine, type BenchLine, median } from '../bench/bench-line.ts'

const RUN_TIMEOUT_MS = 200_000
/** What each bench measures at its smallest. */
const SMALLEST_SIZES: Readonly<Record<string, readonly string[]>> = {
  'recover-one-block': ['5 transactions'],
  'recover-gap': ['4 blocks', '4 blocks on 8'],
  'recover-state-128': ['8 layers of 10 transactions'],
  'execute-erc20': ['10 a block, 100 accounts'],
  'execute-transfers': ['10 a block, 100 accounts'],
  'trie-commit': ['1000 updates on 1000 accounts'],
  'resident-memory': ['1000 accounts, 100 beside them'],
  start: ['50 blocks, 5 beside them'],
  'command-start': ['--version'],
  'blocks-range': ['160 blocks of 10 KB', '160 blocks of 10 KB, by payload_by_number'],
  'wire-bulk': [
    '8 blocks of 1 MB, received',
    '8 blocks of 1 MB, verified',
    '8 blocks of 1 MB, stored'
  ],
  'join-state': ['1000 accounts, 200 slots'],
  memory: ['receiving 160 blocks of 10 KB']
}
const run = promisify(execFile)

describe('a bench', function () {
  this.timeout(RUN_TIMEOUT_MS)

  for (const [name, sizes] of Object.entries(SMALLEST_SIZES)) {
    it(`runs at its smallest size and prints one JSON line for each: ${name}`, async () => {
      const script = projectPath('dist', 'test', 'bench', 'run.js')
      const { stdout } = await run(process.execPath, [script, '--smallest', name])
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as BenchLine)
      assert.deepEqual(
        lines.map(({ bench, size }) => `${bench} ${size}`),
        sizes.map((size) => `${name} ${size}`)
      )
      for (const line of lines) {
        assert.deepEqual(Object.keys(line), [
          'bench',
          'size',
          'ours',
          'baseline',
          'unit',
          'ratio',
          'target',
          'ok'
        ])
        assert.ok(line.ours > 0 && line.baseline > 0, JSON.stringify(line))
      }
    })
  }

  it('refuses a name that it does not know', async () => {
    const script = projectPath('dist', 'test', 'bench', 'run.js')
    await assert.rejects(run(process.execPath, [script, 'recover-nothing']), (error) => {
      assert.ok(error instanceof Error && 'code' in error && 'stderr' in error)
      assert.equal(error.code, 2)
      assert.match(String(error.stderr), /there is no bench recover-nothing/)
      return true
    })
  })

  it('compares medians', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.throws(() => median([]), RangeError)
    const facts = { bench: 'b', size: 's', unit: 'ms', target: 1.5 }
    assert.deepEqual(benchLine(facts, [3, 100, 3], [2, 2, 0.1]), {
      ...facts,
      ours: 3,
      baseline: 2,
      ratio: 1.5,
      ok: true
    })
    assert.equal(benchLine(facts, [3.1], [2]).ok, false)
  })
})
