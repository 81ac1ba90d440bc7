// The suite as a command: `npm run conformance -- --target <multiaddr> --chain-id <id>`.
import { runCommand } from './command.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text)
})
