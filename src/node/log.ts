// The log port on pino: JSON lines for machines, pretty lines for a terminal, both on stderr.
import { type DestinationStream, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { type Log, type LogFields } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'

/** How a log is written. */
export interface LogOptions {
  /** The least that is logged. */
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  /** For a person, with colours, instead of JSON. */
  readonly isPretty: boolean
  /** Where lines go; stderr when left out. */
  readonly destination?: DestinationStream
  /** Called before each line. */
  readonly beforeLine?: (() => void) | undefined
}

const STDERR_FD = 2

/**
 * Writes each line at once, so that the last one before a crash is there. In JSON, `event` is the stable name, for
 * filters and `rekindle explain`, and `msg` the same in words, where viewers of pino's lines look for it.
 */
export function createLog({ level, isPretty, destination, beforeLine }: LogOptions): Log {
  const out = destination ?? pino.destination({ dest: STDERR_FD, sync: true })
  const stream = isPretty ? prettyStream(out, { isColoured: destination === undefined }) : out
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) }
    },
    stream
  )
  const write = (level: LogOptions['level'], event: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return
    beforeLine?.()
    logger[level]({ event, ...plainFields(fields) }, event.replaceAll('-', ' '))
  }
  return {
    error: (event, fields) => {
      write('error', event, fields)
    },
    warn: (event, fields) => {
      write('warn', event, fields)
    },
    info: (event, fields) => {
      write('info', event, fields)
    },
    debug: (event, fields) => {
      write('debug', event, fields)
    }
  }
}

/** Formats line by line, as they are written: a stream between would hold the last ones back. */
function prettyStream(
  out: DestinationStream,
  { isColoured }: { readonly isColoured: boolean }
): DestinationStream {
  const format = prettyFactory({
    colorize: isColoured,
    messageKey: 'event',
    ignore: 'msg',
    // One line an event: it can be read beside others, and found by grep with its fields.
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l'
  })
  return {
    write(line) {
      out.write(format(line))
    }
  }
}

/** Fields as JSON has them: bigints as decimal text, errors by their message, sets and maps as lists. */
function plainFields(fields: LogFields = {}): Record<string, unknown> {
  return plainValue(fields) as Record<string, unknown>
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return errorMessage(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return value.map(plainValue)
  if (value instanceof Set) return [...value].map(plainValue)
  if (value instanceof Map) return [...value].map(plainValue)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainValue(inner)]))
}
