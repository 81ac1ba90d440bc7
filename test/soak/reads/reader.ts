// The process of the readers: an open loop, so that a node that is slow is asked no less.
import '../../../src/net/promise-with-resolvers.ts'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createDice } from '../dice.ts'
import { kindOf, type Read, READ_KINDS } from './read-kinds.ts'
import { type KindCounts, type ReadCounts, type ReadOrder } from './read-order.ts'

/** Of one client a node takes 64. */
const CONNECTIONS = 48
/** A read that has no answer by then has failed. */
const ANSWER_TIMEOUT_MS = 10_000
const TICK_MS = 5
const FAULTS_KEPT = 20
/** What a node answers when its limits refuse a call (geth: -32005, "limit exceeded"). */
const LIMIT_EXCEEDED = -32_005

type MutableCounts = { -readonly [Name in keyof KindCounts]: KindCounts[Name] } & {
  readonly elapsedMs: number[]
}

const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ReadOrder
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const dice = createDice(order.seed)
const counts = new Map<string, MutableCounts>(
  READ_KINDS.map(({ name }) => [
    name,
    { name, rightCount: 0, wrongCount: 0, refusedCount: 0, failedCount: 0, elapsedMs: [] }
  ])
)
const faults: string[] = []
const startMs = performance.now()
const totalCount = order.ratePerSecond * order.seconds
const running = new Set<Promise<void>>()
let begunCount = 0

await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const dueCount = Math.min(
      totalCount,
      Math.floor(((performance.now() - startMs) * order.ratePerSecond) / 1_000)
    )
    for (; begunCount < dueCount; begunCount++) begin()
    if (begunCount < totalCount) return
    clearInterval(timer)
    resolve()
  }, TICK_MS)
})
await Promise.all(running)
agent.destroy()
const result: ReadCounts = { kinds: [...counts.values()], faults }
// The channel is closed once all has gone through it.
process.send?.(result, () => {
  process.disconnect()
})

function begin(): void {
  const dueMs = startMs + (begunCount * 1_000) / order.ratePerSecond
  const kind = kindOf(dice(100))
  const count = counts.get(kind.name)
  if (count === undefined) return
  const one = run(kind.next(order.facts, dice), count, dueMs).finally(() => running.delete(one))
  running.add(one)
}

async function run(read: Read, count: MutableCounts, dueMs: number): Promise<void> {
  try {
    const answer = await ask(read)
    const elapsedMs = performance.now() - dueMs
    if (answer.error !== undefined) {
      if (answer.error.code === LIMIT_EXCEEDED) count.refusedCount += 1
      else fail(count, `${read.method}: ${String(answer.error.code)} ${answer.error.message}`)
      return
    }
    const wrong = await read.judge(answer.result)
    if (wrong === undefined) {
      count.rightCount += 1
      count.elapsedMs.push(elapsedMs)
    } else {
      count.wrongCount += 1
      note(`${read.method}: ${wrong}`)
    }
  } catch (thrown) {
    fail(count, `${read.method}: ${String(thrown)}`)
  }
}

function fail(count: MutableCounts, why: string): void {
  count.failedCount += 1
  note(why)
}

function note(fault: string): void {
  if (faults.length < FAULTS_KEPT) faults.push(fault)
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

function ask({ method, params }: Read): Promise<Answer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const sent = request(
    order.rpcUrl,
    { method: 'POST', agent, headers, timeout: ANSWER_TIMEOUT_MS },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer)
        } catch {
          reject(new Error(`HTTP ${String(response.statusCode)} without JSON`))
        }
      })
    }
  )
  sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
  sent.on('error', reject)
  sent.end(body)
  return promise
}
