// The process of the strangers: runs one attack at the lowest priority until it is told to stop, and says what it did.
import '../../../src/net/promise-with-resolvers.ts'
import { setMaxListeners } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { type AttackOrder } from './attack.ts'
import { ATTACKS } from './attacks.ts'

/** The lowest there is. */
const PRIORITY = 19
/** The priority of the session (sched(7), "The autogroup feature"). */
const AUTOGROUP_FILE = '/proc/self/autogroup'
const REPORT_EVERY_MS = 500
/** A stranger that waits for an answer that never comes is left where it is. */
const END_TIMEOUT_MS = 2_000

const { attack: name, target } = JSON.parse(process.argv[2] ?? 'null') as AttackOrder
const attack = ATTACKS.find((one) => one.name === name)
if (attack === undefined) throw new Error(`there is no attack ${name}`)

setPriority(PRIORITY)
// It has a session of its own, and Linux may compare sessions before it compares processes.
if (existsSync(AUTOGROUP_FILE)) writeFileSync(AUTOGROUP_FILE, String(PRIORITY))
const counts: Record<string, number> = {}
const did = (what: string, times = 1) => {
  counts[what] = (counts[what] ?? 0) + times
}
// Sockets that a node resets break whatever was under way; a stranger goes on.
process.on('uncaughtException', (thrown) => {
  did(`broken: ${thrown.message.slice(0, 60)}`)
})
process.on('unhandledRejection', () => {
  did('broken')
})
const stop = new AbortController()
setMaxListeners(0, stop.signal) // thousands of sockets end with it
const end = () => {
  if (stop.signal.aborted) return
  stop.abort(new Error('the attack is over'))
  setTimeout(leave, END_TIMEOUT_MS)
}
process.on('SIGTERM', end)
process.on('SIGINT', end)
process.on('disconnect', leave)
const reports = setInterval(() => process.send?.(counts), REPORT_EVERY_MS)
try {
  await attack.run(target, { signal: stop.signal, did })
  if (!stop.signal.aborted) did('broken: the attack ended by itself')
} catch (thrown) {
  if (!stop.signal.aborted) did(`broken: ${thrown instanceof Error ? thrown.message : 'thrown'}`)
}
clearInterval(reports)
leave()

function leave(): void {
  if (!process.connected) process.exit(0)
  process.send?.(counts, () => process.exit(0))
}
