// LevelDB in a process of its own, which what it cannot bear may end: an assertion, a read beyond the end of a file.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { StoreError } from './store-error.ts'

/** Of what the child writes to stderr; the end says why. */
const STDERR_MAX_CHARACTERS = 2_000
/** A repair reads every table; one that is not done by then is given up. */
const CHILD_TIMEOUT_MS = 6 * 60 * 60_000

/**
 * `open` opens and closes; `lock` finds out whether another process has it open; `repair` makes a database of what can be
 * read, and puts what it cannot use into lost/.
 */
export type ChildWork = 'open' | 'lock' | 'repair'

/** How a child ends that another process keeps from its work. */
const LOCKED = 3

/**
 * What was repaired has no log before it is opened, as no sound database is, and all its tables at one level, some without a
 * sound filter, before they are compacted. A repair asks for no lock, and an open may delete what is to be mended. So the lock is taken as an open takes it, on the
 * same file, by an empty database whose LOCK is a second name of it.
 */
const SCRIPT = `
const { ClassicLevel } = require(process.argv[1])
const fs = require('node:fs')
const { join } = require('node:path')
const [work, path] = process.argv.slice(2)
async function open(place, createIfMissing) {
  const level = new ClassicLevel(place, { createIfMissing })
  await level.open()
  return level
}
async function locked() {
  const place = fs.mkdtempSync(join(path, '.lock-'))
  try {
    fs.closeSync(fs.openSync(join(path, 'LOCK'), 'a'))
    fs.linkSync(join(path, 'LOCK'), join(place, 'LOCK'))
    const level = await open(place, true)
    if (work === 'repair') {
      await ClassicLevel.repair(path)
      const repaired = await open(path, false)
      await repaired.compactRange(Buffer.alloc(0), Buffer.alloc(256, 0xff), { keyEncoding: 'buffer' })
      await repaired.close()
    }
    await level.close()
  } finally {
    fs.rmSync(place, { recursive: true, force: true })
  }
}
async function run() {
  if (work === 'open') await (await open(path, false)).close()
  else await locked()
}
run().catch((error) => {
  const { code } = error.cause ?? error
  process.stderr.write(String(error.cause ?? error))
  process.exitCode = code === 'LEVEL_LOCKED' ? ${String(LOCKED)} : 1
})
`

/** Undefined when it ended well; else what it found, or what ended it. Throws StoreError `store-locked`. */
export async function runLevelChild(work: ChildWork, path: string): Promise<string | undefined> {
  const modulePath = createRequire(import.meta.url).resolve('classic-level')
  const child = spawn(process.execPath, ['--eval', SCRIPT, modulePath, work, path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: CHILD_TIMEOUT_MS
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_MAX_CHARACTERS)
  })
  return new Promise((resolve, reject) => {
    child.on('error', ({ message }) => {
      resolve(message)
    })
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else if (code === LOCKED) reject(new StoreError({ code: 'store-locked', path }))
      else if (code === 1) resolve(stderr)
      else
        resolve(`the process that was to ${work} it ended by ${signal ?? String(code)} ${stderr}`)
    })
  })
}
