// A command's process: where it prints, its working directory, and the signals that stop it.

/** A command's surroundings; tests bring their own. */
export interface CommandIo {
  /** What was asked for: stdout. Ends in a newline. */
  readonly print: (text: string) => void
  /** What went wrong or on: stderr. Ends in a newline. */
  readonly complain: (text: string) => void
  /** True when a person reads stderr. */
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Calls back for each SIGINT and SIGTERM, until the returned function is called. */
  readonly onStopSignal: (listener: () => void) => () => void
  /** Ends the process without waiting for anything. */
  readonly exitNow: (code: number) => void
}

/** What the process ends with (src/cli/README.md, "Exit codes"). */
export const EXIT_CODE = {
  good: 0,
  /** A check failed, or the node stopped on an error. */
  failed: 1,
  /** Bad usage or config, or a port or data directory that cannot be had at start. */
  badUsage: 2
} as const

/** The system's process. */
export function processIo(): CommandIo {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  return {
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    env: process.env,
    cwd: process.cwd(),
    onStopSignal(listener) {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
      return () => {
        process.off('SIGINT', listener)
        process.off('SIGTERM', listener)
      }
    },
    exitNow: (code) => process.exit(code)
  }
}

/** Whoever read the output has left (`… | head`): it wants no more, and the command goes on to its end. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
