// The lock of key and record: one process at a time, whatever the file is called, gone with the process.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { lockFile } from '../../../src/signer/file-lock.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { failsWith } from './record-fixture.ts'

const HOLDER = `
  const { lockFile } = await import(process.argv[1])
  await lockFile(process.argv[2])
  process.stdout.write('locked')
  setInterval(() => undefined, 1_000_000)
`

/** Another process that holds the lock. */
async function startHolder(path: string): Promise<ChildProcess> {
  const source = new URL('../../../src/signer/file-lock', import.meta.url)
  const module = `${source.href}${extname(import.meta.url)}`
  const script = ['--input-type=module', '-e', HOLDER, module, path]
  const child = spawn(process.execPath, [...process.execArgv, ...script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  assert.equal(text.toString(), 'locked')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

describe('file lock', () => {
  const directory = useTemporaryDirectory()
  const path = () => join(directory.path, 'sequencer.key')

  it('keeps another process out until the first is killed', async () => {
    const child = await startHolder(path())
    try {
      await assert.rejects(lockFile(path()), failsWith('signer-locked'))
    } finally {
      await kill(child)
    }
    const lock = await lockFile(path())
    await lock.release()
  })

  it('keeps this process out too, until it is released', async () => {
    const lock = await lockFile(path())
    await assert.rejects(lockFile(path()), failsWith('signer-locked'))
    await lock.release()
    await (await lockFile(path())).release()
  })

  it('is one for all names of a file, and of its directory', async () => {
    const real = join(directory.path, 'real')
    await mkdir(real)
    await symlink(real, join(directory.path, 'link'))
    await writeFile(join(real, 'key'), 'x')
    await symlink(join(real, 'key'), join(directory.path, 'key'))
    const lock = await lockFile(join(directory.path, 'key'))
    for (const name of ['real/key', 'link/key', './real/../real/key']) {
      await assert.rejects(lockFile(join(directory.path, name)), failsWith('signer-locked'))
    }
    const missing = await lockFile(join(directory.path, 'link', 'record'))
    await assert.rejects(lockFile(join(real, 'record')), failsWith('signer-locked'))
    await Promise.all([lock.release(), missing.release()])
  })

  it('is one for each file', async () => {
    const locks = await Promise.all([lockFile(path()), lockFile(`${path()}2`)])
    for (const lock of locks) await lock.release()
  })

  it('says when it cannot be had for another reason', async () => {
    await writeFile(join(directory.path, 'file'), 'x')
    const below = join(directory.path, 'file', 'key')
    await assert.rejects(lockFile(below), failsWith('lock-failed'))
  })
})
