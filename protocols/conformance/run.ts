#!/usr/bin/env node
// The suite as a command: `rekindle-conformance --target <multiaddr> --chain-id <id>`.
import { EXIT, runCommand } from './command.ts'

/** Timers of libraries keep no process alive: without one of ours it could end, with exit code 13, while it waits. */
const KEEP_ALIVE_MS = 60_000

const alive = setInterval(() => undefined, KEEP_ALIVE_MS)

/** What nobody waited for, or a reader who is gone: said in words, and no verdict over the node. */
function endWith(what: string, thrown: unknown): never {
  process.stderr.write(
    `the suite ended: ${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`
  )
  process.exit(EXIT.unusable)
}

process.on('uncaughtException', (thrown) => endWith('a fault of its own', thrown))
process.stdout.on('error', (thrown) => endWith('nobody reads what it prints', thrown))

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text)
})
clearInterval(alive)
