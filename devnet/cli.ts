#!/usr/bin/env node
// The devnet command: the process around `runDevnet`.
import '../src/net/promise-with-resolvers.ts'
import { processIo } from '../src/cli/command-io.ts'
import { runDevnet } from './command/devnet-command.ts'

const isTerminal = process.stdin.isTTY && process.stdout.isTTY
const exitCode = await runDevnet(process.argv.slice(2), {
  ...processIo(),
  input: process.stdin,
  terminal: isTerminal ? process.stdout : undefined,
  hasColor: (stream) => process[stream].isTTY && process.env.NO_COLOR === undefined,
  onExit: (listener) => void process.on('exit', listener)
})
// What was printed is on its way to a pipe; then nothing is waited for.
await Promise.all(
  [process.stdout, process.stderr].map(
    (stream) =>
      new Promise<void>(
        (resolve) =>
          void stream.write('', () => {
            resolve()
          })
      )
  )
)
process.exit(exitCode)
