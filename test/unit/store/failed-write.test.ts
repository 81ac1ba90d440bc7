// A write that the system refuses half-way: what comes behind it in LevelDB's log would be lost at the next start.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { extname, join } from 'node:path'
import { projectRoot } from '../../support/project-root.ts'
import { skipTest } from '../../support/skip.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

/** What the process below prints. */
interface Report {
  /** The failure of each write: of the one that hits the limit on, the limit is lifted. */
  readonly failures: readonly (string | null)[]
  readonly readBetween: boolean
  /** The number of entries in an unbroken row from the first, after the store was opened anew. */
  readonly rowAfterwards: number
  readonly writesAfterwards: boolean
}

const WRITES = 30
const LIMIT_BYTES = 2 ** 20
const VALUE_BYTES = 70_000

describe('a write that failed', () => {
  const temporary = useTemporaryDirectory()

  it('is the last one until the store is opened anew', function () {
    if (!hasPrlimit()) return skipTest(this, 'prlimit, which limits the size of files, is not here')
    const report = writePastLimit(join(temporary.path, 'db'))
    const first = report.failures.findIndex((failure) => failure !== null)
    assert.ok(first > 0 && first < WRITES - 1, JSON.stringify(report))
    const refused = report.failures.slice(first)
    assert.deepEqual(new Set(refused), new Set(['write-failed']))
    assert.equal(report.readBetween, true)
    assert.equal(report.rowAfterwards, first)
    assert.equal(report.writesAfterwards, true)
  })
})

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Runs in a process of its own, whose limit harms nobody else. */
function writePastLimit(path: string): Report {
  const module = new URL(
    `../../../src/store/level-store${extname(import.meta.url)}`,
    import.meta.url
  )
  const script = `
    import { execFileSync } from 'node:child_process'
    import { openLevelStore } from ${JSON.stringify(module.href)}
    const limit = (bytes) =>
      execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':unlimited'])
    process.on('SIGXFSZ', () => undefined)
    const open = () => openLevelStore(${JSON.stringify(path)}, { name: 'test', schemaVersion: 1 })
    const write = (store, index) =>
      store.batch(
        [{ type: 'put', key: Uint8Array.of(110, index), value: new Uint8Array(${VALUE_BYTES}) }],
        { sync: true }
      )
    let store = await open()
    limit(${LIMIT_BYTES})
    const failures = []
    for (let index = 0; index < ${WRITES}; index++) {
      const failure = await write(store, index).then(() => null, (thrown) => thrown.failure.code)
      if (failure !== null) limit('unlimited')
      failures.push(failure)
    }
    const readBetween = store.get(Uint8Array.of(110, 0)) !== undefined
    await store.close()
    store = await open()
    let rowAfterwards = 0
    while (store.get(Uint8Array.of(110, rowAfterwards)) !== undefined) rowAfterwards++
    await write(store, 200)
    const writesAfterwards = store.get(Uint8Array.of(110, 200)) !== undefined
    await store.close()
    process.stdout.write(JSON.stringify({ failures, readBetween, rowAfterwards, writesAfterwards }))`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...process.execArgv, '--input-type=module', '-e', script],
    { cwd: projectRoot, encoding: 'utf8' }
  )
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Report
}
