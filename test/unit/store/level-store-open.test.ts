// Opening a database: one clear reason when it cannot be had, and nothing lost.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { StoreError, type StoreFailure } from '../../../src/store/store-error.ts'
import { projectRoot } from '../../support/project-root.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SCHEMA = { name: 'test', schemaVersion: 2 }
const KEY = Uint8Array.of(110, 1)
const VALUE = Uint8Array.of(1, 2, 3)

describe('opening a LevelDB store', () => {
  const temporary = useTemporaryDirectory()
  const place = (...parts: readonly string[]) => join(temporary.path, ...parts)

  async function fill(path: string): Promise<void> {
    const store = await openLevelStore(path, SCHEMA)
    await store.batch([{ type: 'put', key: KEY, value: VALUE }], { sync: true })
    await store.close()
  }

  async function assertHolds(path: string): Promise<void> {
    const store = await openLevelStore(path, SCHEMA)
    assert.deepEqual(store.get(KEY), VALUE)
    await store.close()
  }

  it('makes the directory and all above it, and finds its entries again', async () => {
    const path = place('deep', 'down', 'db')
    await fill(path)
    await assertHolds(path)
  })
  it('takes an empty directory, and one in which only hidden files lie', async () => {
    await mkdir(place('db'))
    await writeFile(place('db', '.keep'), '')
    await fill(place('db'))
    await assertHolds(place('db'))
  })
  it('begins anew where an earlier process died before its database was made', async () => {
    await fill(place('whole'))
    await mkdir(place('db'))
    for (const name of ['LOCK', 'LOG', 'MANIFEST-000002']) {
      await writeFile(place('db', name), await readFile(place('whole', name)))
    }
    await fill(place('db'))
    await assertHolds(place('db'))
  })
  it('takes a database in which nothing was written yet', async () => {
    const level = new ClassicLevel(place('db'))
    await level.open()
    await level.close()
    await fill(place('db'))
  })

  it('is refused while this process has it open, and possible afterwards', async () => {
    const store = await openLevelStore(place('db'), SCHEMA)
    await assertRefused(place('db'), { code: 'store-locked' })
    await store.close()
    await fill(place('db'))
  })
  it('is refused while another process has it open, and possible once that is killed', async () => {
    await fill(place('db'))
    const holder = await holdInOtherProcess(place('db'))
    try {
      await assertRefused(place('db'), { code: 'store-locked' })
    } finally {
      const exited = once(holder, 'exit')
      holder.kill('SIGKILL')
      await exited
    }
    await assertHolds(place('db'))
  })

  it('is refused on a file, and below one', async () => {
    await writeFile(place('file'), 'text')
    await assertRefused(place('file'), { code: 'not-a-directory' })
    await assertRefused(place('file', 'db'), { code: 'not-a-directory' })
    assert.equal(await readFile(place('file'), 'utf8'), 'text')
  })
  it('is refused in a directory with a file that is not LevelDB’s, and touches nothing', async () => {
    await mkdir(place('home'))
    await writeFile(place('home', 'notes.txt'), 'text')
    await assertRefused(place('home'), { code: 'foreign-directory', found: 'notes.txt' })
    assert.deepEqual(await readdir(place('home')), ['notes.txt'])
  })
  it('is refused on a database of something else, and leaves its entries', async () => {
    const level = new ClassicLevel(place('db'))
    await level.put('a', 'b')
    await level.close()
    await assertRefused(place('db'), { code: 'foreign-directory' })
    const again = new ClassicLevel(place('db'))
    assert.equal(await again.get('a'), 'b')
    await again.close()
  })
  it('is refused on another database of ours', async () => {
    await fill(place('db'))
    const opening = openLevelStore(place('db'), { ...SCHEMA, name: 'other' })
    const found = 'the database test, not other'
    await assert.rejects(opening, hasFailure({ code: 'foreign-directory', found }))
    await assertHolds(place('db'))
  })

  for (const [code, supportedVersion] of [
    ['schema-newer', 1],
    ['schema-older', 3]
  ] as const) {
    it(`is refused when the layout is ${code}, with both versions named`, async () => {
      await fill(place('db'))
      const opening = openLevelStore(place('db'), { name: 'test', schemaVersion: supportedVersion })
      await assert.rejects(opening, hasFailure({ code, storedVersion: 2, supportedVersion }))
      await assertHolds(place('db'))
    })
  }

  it('is refused when CURRENT is gone, and deletes nothing', async () => {
    await fill(place('db'))
    await rename(place('db', 'CURRENT'), place('CURRENT'))
    const before = await readdir(place('db'))
    await assertRefused(place('db'), { code: 'store-damaged' })
    assert.deepEqual(await readdir(place('db')), before)
    await rename(place('CURRENT'), place('db', 'CURRENT'))
    await assertHolds(place('db'))
  })
  it('is refused when the manifest is not whole', async () => {
    await fill(place('db'))
    const name = (await readdir(place('db'))).find((file) => file.startsWith('MANIFEST'))!
    await writeFile(place('db', name), 'nothing that LevelDB wrote')
    await assertRefused(place('db'), { code: 'store-damaged' })
  })
  it('is refused without permission', async () => {
    await mkdir(place('kept'))
    await chmod(place('kept'), 0o500)
    await asNobody(() => assertRefused(place('kept', 'db'), { code: 'permission-denied' }))
    assert.deepEqual(await readdir(place('kept')), [])
  })
  it('does not lock what it refused', async () => {
    await fill(place('db'))
    await assert.rejects(openLevelStore(place('db'), { ...SCHEMA, name: 'other' }))
    await assertHolds(place('db'))
    await rm(place('db'), { recursive: true })
    await fill(place('db'))
  })
})

async function assertRefused(path: string, failure: Partial<StoreFailure>): Promise<void> {
  await assert.rejects(openLevelStore(path, SCHEMA), hasFailure({ ...failure, path }))
}

function hasFailure(expected: Readonly<Record<string, unknown>>) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof StoreError, String(thrown))
    const { failure } = thrown
    const shown = Object.fromEntries(Object.entries(failure).filter(([name]) => name in expected))
    assert.deepEqual(shown, expected)
    return true
  }
}

/** Resolves once a process of its own has the database open. */
async function holdInOtherProcess(path: string): Promise<ChildProcess> {
  const script = `
    import { ClassicLevel } from 'classic-level'
    const level = new ClassicLevel(${JSON.stringify(path)})
    await level.open()
    process.stdout.write('open')
    setInterval(() => undefined, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [first] = (await once(holder.stdout, 'data')) as [Buffer]
  assert.equal(first.toString(), 'open')
  return holder
}

/** Permissions do not bind root: where the tests run as root, the work is done as somebody without rights. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}
