// A node's process from outside: ready, held, killed, stopped, and gone when the one that started it is gone.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NodeMessage } from '../../../devnet/cluster/messages.ts'
import { type NodeFiles, NodeProcess } from '../../../devnet/cluster/node-process.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const BLOCK = { number: 4, hash: '0xabcd' } as const

/** Small enough to start at once; says ready, holds when told to, stops when told to. */
const OBEDIENT = `
process.on('message', ({ command, step }) => {
  if (command === 'hold') process.send({ event: 'held', step, block: ${JSON.stringify(BLOCK)} })
  if (command === 'release') process.send({ event: 'gate', open: true, reason: '', atMs: 0 })
})
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.send({ event: 'ready', peerId: 'peer', multiaddr: '/ip4', rpcUrl: 'http://' })
`
const FAILING = `
console.error('the port is taken')
process.send({ event: 'failed', reason: 'port', exitCode: 2 }, () => process.exit(2))
`
const FAULTY_STOP = `
process.on('SIGTERM', () => process.exit(3))
process.on('message', () => undefined)
process.send({ event: 'ready', peerId: 'peer', multiaddr: '/ip4', rpcUrl: 'http://' })
`

/** Fewer than the channel holds: what it has no room for waits in the process, and dies with it. */
const LAST_WORDS = 100
/** Says much at once, and when it has. */
const TALKATIVE = `
import { writeFileSync } from 'node:fs'
process.on('message', () => {
  for (let seq = 1; seq <= ${String(LAST_WORDS)}; seq++) process.send({ event: 'gate-passed', seq })
  writeFileSync(new URL('said', import.meta.url), '')
})
process.send({ event: 'ready', peerId: 'peer', multiaddr: '/ip4', rpcUrl: 'http://' })
`

describe('a node process', () => {
  const temporary = useTemporaryDirectory()
  const started: NodeProcess[] = []

  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.kill()))
  })

  async function spawn(script: string, heard: NodeMessage[] = []): Promise<NodeProcess> {
    const entryFile = join(temporary.path, 'entry.mjs')
    await writeFile(entryFile, script)
    const files: NodeFiles = { entryFile, logFile: join(temporary.path, 'node.log') }
    const spec = { name: 'backup-1', configFile: 'config.json', without: undefined, flags: {} }
    const process = NodeProcess.spawn(spec, files, (message) => void heard.push(message))
    started.push(process)
    return process
  }

  it('becomes ready, is held, goes on and stops', async () => {
    const heard: NodeMessage[] = []
    const process = await spawn(OBEDIENT, heard)
    const { peerId, rpcUrl } = await process.untilReady()
    assert.deepEqual({ peerId, rpcUrl }, { peerId: 'peer', rpcUrl: 'http://' })
    assert.deepEqual(await process.holdAt('published', 5_000), BLOCK)
    const open = process.waitFor('open', ({ event }) => event === 'gate' || undefined, 5_000)
    process.release()
    await open
    assert.equal(await process.stop(), 0)
    assert.equal(process.exitCode, 0)
    assert.equal(process.isAlive, false)
    assert.deepEqual(
      heard.map(({ event }) => event),
      ['ready', 'held', 'gate']
    )
  })

  it('is killed at once, and more than once', async () => {
    const process = await spawn(OBEDIENT)
    await process.untilReady()
    await process.kill()
    await process.kill()
    assert.equal(process.isAlive, false)
    assert.equal(process.exitCode, null)
    await assert.rejects(process.holdAt('built', 5_000), /backup-1: held at built: the process/)
  })

  it('is dead when all that it said was heard, and not before', async () => {
    const heard: NodeMessage[] = []
    const process = await spawn(TALKATIVE, heard)
    await process.untilReady()
    process.release()
    const said = join(temporary.path, 'said')
    const giveUpMs = performance.now() + 10_000
    // Nothing is heard meanwhile: this thread does nothing else.
    while (!existsSync(said) && performance.now() < giveUpMs);
    await process.kill()
    assert.equal(heard.length, 1 + LAST_WORDS)
    assert.equal(heard.at(-1)?.seq, LAST_WORDS)
  })

  it('that fails to start says why, with the end of its log', async () => {
    const process = await spawn(FAILING)
    await assert.rejects(
      process.untilReady(),
      /backup-1: ready: the process ended \(exit code 2\)\n.*the port is taken/
    )
    assert.equal(process.isAlive, false)
  })

  it('that stops with an error is known by its exit code', async () => {
    const process = await spawn(FAULTY_STOP)
    await process.untilReady()
    assert.equal(await process.stop(), 3)
  })

  it('that dies while it is waited for ends the wait', async () => {
    const process = await spawn(OBEDIENT)
    await process.untilReady()
    const waiting = process.waitFor('never', () => undefined, 60_000)
    process.killNow()
    await assert.rejects(waiting, /never: the process ended \(SIGKILL\)/)
  })
})
