// A database whose process runs out of files, or whose disk fills up: writes land late, none is lost, and it says so.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type PassingCause } from '../../../src/base/passing-failure.ts'
import { projectRoot } from '../../support/project-root.ts'
import { skipTest } from '../../support/skip.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

/** What the process below prints. */
interface Report {
  /** Failures of writes. */
  readonly failures: readonly string[]
  /** What was waited for, and null at the end of each wait. */
  readonly waits: readonly (PassingCause | null)[]
  readonly couldReadMeanwhile: boolean
  /** Writes that were begun: as many as there are to be, and more until one of them waited. */
  readonly writtenCount: number
  /** Entries in an unbroken row from the first, after the store was closed and opened. */
  readonly rowAfterwards: number
  /** Small writes that were done, and were not there afterwards: they fit in where a large one broke off. */
  readonly littleLost: readonly number[]
}

const WRITES = 60
/** A write that is to wait comes long before; a key has one byte for its number. */
const WRITES_MAX = 250
const VALUE_BYTES = 20_000
/** Small, so that LevelDB begins a new log, and new files, after a few writes. */
const BUFFER_BYTES = 65_536
const FILES_MAX = 128
const DISK_BYTES = 40 * 2 ** 20

describe('a database that waits', () => {
  let mountPoint: string | undefined
  // Before the directory's own hook: what lies in it ends first.
  afterEach(() => {
    if (mountPoint !== undefined) spawnSync('umount', [mountPoint])
    mountPoint = undefined
  })
  const temporary = useTemporaryDirectory()

  it('makes its writes once files may be opened again, in their order, and loses none', () => {
    const report = run(join(temporary.path, 'db'), {
      before: `takeAll()`,
      again: `takeAll()`,
      after: `giveAll()`
    })
    assert.deepEqual(report.failures, [])
    assert.deepEqual(report.waits, ['files-exhausted', null])
    assert.equal(report.couldReadMeanwhile, true)
    assert.equal(report.rowAfterwards, report.writtenCount)
    assert.deepEqual(report.littleLost, [])
  })

  it('makes its writes once there is room on the disk again, and loses none', async function () {
    const mounted = await mountDisk()
    if (!mounted) return skipTest(this, 'no file system can be mounted here')
    const filler = JSON.stringify(join(mountPoint ?? '', 'filler'))
    const report = run(join(mountPoint ?? '', 'db'), {
      before: `
        const { bavail, bsize } = statfsSync(${JSON.stringify(mountPoint)})
        writeFileSync(${filler}, new Uint8Array((bavail - 20) * bsize))`,
      after: `rmSync(${filler})`
    })
    assert.deepEqual(report.failures, [])
    assert.deepEqual(report.waits, ['disk-full', null])
    assert.equal(report.couldReadMeanwhile, true)
    assert.equal(report.rowAfterwards, report.writtenCount)
    assert.deepEqual(report.littleLost, [])
  })

  it('waits for a batch that is still put together, and makes it too', () => {
    const report = run(join(temporary.path, 'db'), {
      before: `
        takeAll()
        const slowOperations = {
          *[Symbol.iterator]() {
            let waitingSince
            while (waitingSince === undefined || performance.now() - waitingSince < 1_000) {
              if (waits.length > 0) waitingSince ??= performance.now()
              const startMs = performance.now()
              while (performance.now() - startMs < 2);
              yield { type: 'put', key: Uint8Array.of(120), value: Uint8Array.of(1) }
            }
          }
        }
        const slow = store
          .batch(slowOperations, { sync: true })
          .catch((thrown) => failures.push(thrown.failure?.code ?? String(thrown)))`,
      again: `takeAll()`,
      after: `giveAll(); await slow`
    })
    assert.deepEqual(report.failures, [])
    assert.equal(report.rowAfterwards, report.writtenCount)
    assert.deepEqual(report.littleLost, [])
  })

  it('fails its writes with what they wait for when nobody waits any more', () => {
    const report = run(join(temporary.path, 'db'), {
      before: `takeAll()`,
      again: `takeAll()`,
      after: `end.abort(); await Promise.all(writes); giveAll()`
    })
    assert.ok(report.failures.length > 0)
    assert.deepEqual(new Set(report.failures), new Set(['files-exhausted']))
    assert.ok(report.rowAfterwards >= WRITES / 2)
    assert.deepEqual(report.littleLost, [])
  })

  async function mountDisk(): Promise<boolean> {
    mountPoint = join(temporary.path, 'disk')
    await mkdir(mountPoint)
    const size = `size=${String(DISK_BYTES)}`
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'none', mountPoint])
    if (status !== 0) mountPoint = undefined
    return status === 0
  }
})

/**
 * Runs in a process of its own, whose limit harms nobody else: half of the writes come before `before`. LevelDB closes
 * files of its own at any time: `again` takes them too, before each further write, until one waits.
 */
function run(
  path: string,
  { before, again = '', after }: { before: string; again?: string; after: string }
): Report {
  const url = (name: string) =>
    JSON.stringify(new URL(`../../../src/${name}${extname(import.meta.url)}`, import.meta.url).href)
  const script = `
    import { closeSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    import { openPatientStore } from ${url('store/patient-store')}
    import { openLevelStore } from ${url('store/level-store')}
    import { systemClock } from ${url('base/clock')}
    import { silentLog } from ${url('base/log')}
    const schema = { name: 'test', schemaVersion: 1 }
    const end = new AbortController()
    const waits = []
    const taken = []
    const takeAll = () => {
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'))
      } catch {}
    }
    const giveAll = () => taken.splice(0).forEach((file) => closeSync(file))
    const patience = {
      clock: systemClock,
      log: silentLog,
      isPatient: () => true,
      signal: end.signal,
      onWaiting: (_, cause) => waits.push(cause ?? null)
    }
    const options = { writeBufferBytes: ${BUFFER_BYTES} }
    const store = await openPatientStore(${JSON.stringify(path)}, schema, patience, options)
    const failures = []
    const littleWritten = []
    const key = (index) => Uint8Array.of(110, index)
    let noise = 1
    const value = () => Uint8Array.from({ length: ${VALUE_BYTES} }, () => (noise = (noise * 48271) % 2147483647) & 255)
    const write = (index) =>
      store
        .batch([{ type: 'put', key: key(index), value: value() }], { sync: true })
        .catch((thrown) => failures.push(thrown.failure?.code ?? String(thrown)))
    const writeLittle = (index) =>
      store
        .batch([{ type: 'put', key: Uint8Array.of(112, index), value: Uint8Array.of(1) }], { sync: true })
        .then(() => void littleWritten.push(index))
        .catch((thrown) => failures.push(thrown.failure?.code ?? String(thrown)))
    for (let index = 0; index < ${WRITES / 2}; index++) await write(index)
    ${before}
    const writes = []
    let writtenCount = ${WRITES / 2}
    for (; writtenCount < ${WRITES}; writtenCount++) {
      writes.push(write(writtenCount), writeLittle(writtenCount))
    }
    while (waits.length === 0) {
      if (writtenCount === ${WRITES_MAX}) throw new Error('no write has to wait')
      ${again}
      writes.push(write(writtenCount), writeLittle(writtenCount))
      writtenCount++
      await delay(5)
    }
    const couldReadMeanwhile = store.get(key(0)) !== undefined
    ${after}
    await Promise.all(writes)
    await store.close()
    const reopened = await openLevelStore(${JSON.stringify(path)}, schema, { mustExist: true })
    let rowAfterwards = 0
    while (reopened.get(key(rowAfterwards)) !== undefined) rowAfterwards++
    const isThere = (index) => reopened.get(Uint8Array.of(112, index)) !== undefined
    const littleLost = littleWritten.filter((index) => !isThere(index))
    await reopened.close()
    const report = { failures, waits, couldReadMeanwhile, writtenCount, rowAfterwards, littleLost }
    process.stdout.write(JSON.stringify(report))`
  const limited = ['-c', `ulimit -n ${FILES_MAX} && exec "$@"`, 'sh']
  const { stdout, stderr, status } = spawnSync(
    'sh',
    [...limited, process.execPath, ...process.execArgv, '--input-type=module', '-e', script],
    { cwd: projectRoot, encoding: 'utf8', timeout: 60_000 }
  )
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Report
}
