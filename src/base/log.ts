// The log port: an event name and fields, never remote bytes.

/** Values a log line may carry; bigints print as decimal. */
export type LogFields = Readonly<Record<string, unknown>>

/** error: cannot serve; warn: an operator should look; info: state changed; debug: per request. */
export interface Log {
  error(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  debug(event: string, fields?: LogFields): void
}

/** Drops everything. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined
}
