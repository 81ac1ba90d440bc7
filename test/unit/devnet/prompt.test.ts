// The prompt over a pipe: every command, what is no command, and how it ends.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { openPrompt, type PromptCluster } from '../../../devnet/command/prompt.ts'
import { until } from '../../support/until.ts'

const NAMES = ['sequencer', 'backup-1']

/** Notes what it is told; its nodes answer nothing. */
class NotedCluster implements PromptCluster {
  readonly names = NAMES
  readonly done: string[] = []
  readonly #down = new Set<string>()
  readonly #cut = new Set<string>()

  node(): ReturnType<PromptCluster['node']> {
    throw new Error('nobody answers')
  }
  isAlive(name: string): boolean {
    return !this.#down.has(name)
  }
  isCut(name: string): boolean {
    return this.#cut.has(name)
  }
  async kill(name: string): Promise<void> {
    this.#down.add(name)
    this.done.push(`kill ${name}`)
  }
  async start(name: string): Promise<void> {
    this.#down.delete(name)
    this.done.push(`start ${name}`)
  }
  cut(name: string): void {
    this.#cut.add(name)
    this.done.push(`cut ${name}`)
  }
  async mend(name: string): Promise<void> {
    this.#cut.delete(name)
    this.done.push(`mend ${name}`)
  }
}

describe('the prompt', () => {
  let cluster: NotedCluster
  let input: PassThrough
  let printed: string[]
  let stop: AbortController
  let ended: Promise<void>

  beforeEach(() => {
    cluster = new NotedCluster()
    input = new PassThrough()
    printed = []
    stop = new AbortController()
    const print = (line: string) => void printed.push(line)
    const io = { input, terminal: undefined, print, onInterrupt: () => undefined }
    ended = openPrompt(cluster, io, stop.signal).ended
  })

  afterEach(() => {
    stop.abort()
    input.destroy()
  })

  it('does one command after another until it is told to quit', async () => {
    input.write('crash sequencer\nrestart\npartition backup-1\npartition backup-1\nquit\n')
    await ended
    assert.deepEqual(cluster.done, [
      'kill sequencer',
      'start sequencer',
      'cut backup-1',
      'mend backup-1'
    ])
    assert.deepEqual(printed, [])
  })

  for (const [line, pattern] of [
    ['help', /^crash NODE/],
    ['dance', /"dance" is no command/],
    ['crash', /crash whom\? sequencer, backup-1/],
    ['partition', /partition whom\?/],
    ['crash backup-9', /there is no node backup-9: sequencer, backup-1/],
    ['restart', /all nodes are running/],
    ['restart sequencer', /it is running/],
    ['status', /nobody answers/]
  ] as const) {
    it(`answers "${line}" with a line`, async () => {
      input.write(`${line}\n`)
      await until('an answer', () => printed.length > 0)
      assert.match(printed[0] ?? '', pattern)
      assert.deepEqual(cluster.done, [])
    })
  }

  it('says that a node which is down is down', async () => {
    input.write('crash sequencer\ncrash sequencer\ncrash backup-1\nstatus\nquit\n')
    await ended
    const down = NAMES.map((name) => `${name.padEnd(11)}down`)
    assert.deepEqual(printed, ['sequencer is down already', ...down])
  })

  it('goes on when its pipe ends, until a signal', async () => {
    input.end('crash sequencer\n')
    await until('the command was done', () => cluster.done.length > 0)
    let isOver = false
    const over = ended.then(() => {
      isOver = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isOver, false)
    stop.abort()
    await over
  })
})
