// How much is in a body, before a parser takes it: how deep, how many values, and where each request of a batch lies.
import { type Yielder } from '../base/yielder.ts'

/** Bounds of a body's content. */
export interface JsonScanLimits {
  /** Lists and objects inside one another. */
  readonly depthMax: number
  /** Bytes of one request, alone or in a batch. */
  readonly requestMaxBytes: number
  /** Values in one request: entries of lists and fields of objects. */
  readonly requestValuesMax: number
  /** Values in the whole body. */
  readonly valuesMax: number
  /** Requests in a batch. */
  readonly requestsMax: number
}

/**
 * What every method together takes with room to spare; geth's `--rpc.batch-request-limit` for a batch. A request is
 * made text, parsed and checked in one go each: at 1 MiB that takes 5 ms where its characters are not ASCII.
 */
export const JSON_SCAN_LIMITS: JsonScanLimits = {
  depthMax: 32,
  requestMaxBytes: 2 ** 20,
  requestValuesMax: 4_096,
  valuesMax: 65_536,
  requestsMax: 1_000
}

/** A part of the body in bytes, `end` excluded. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where the requests lie, whether each is JSON or not; or which bound the body breaks. */
export type ScannedBody =
  | { readonly kind: 'single'; readonly request: Span }
  | { readonly kind: 'batch'; readonly requests: readonly Span[] }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'batch-too-long' }
  | { readonly kind: 'too-complex'; readonly reason: string }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const isSpace = (byte: number | undefined) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
/** Bytes looked at between two looks at the clock. */
const BYTES_PER_LOOK = 4_096

/**
 * Counts brackets and commas outside of strings, and nothing else: whether the parts are JSON is the parser's to say.
 * A body that JSON.parse would take is split where JSON.parse would split it.
 */
export async function scanBody(
  body: Uint8Array,
  yielder: Yielder,
  limits: JsonScanLimits = JSON_SCAN_LIMITS
): Promise<ScannedBody> {
  const requests: Span[] = []
  let [depth, values, requestValues, first, start] = [0, 0, 0, -1, 0]
  let [isBatch, isInString, isEmpty] = [false, false, true]
  let end: number | undefined
  let lookAt = BYTES_PER_LOOK
  for (let at = 0; at < body.length; at++) {
    if (at >= lookAt) {
      lookAt = at + BYTES_PER_LOOK
      await yielder.maybeYield()
    }
    if (isInString) {
      at = body.indexOf(QUOTE, at)
      if (at < 0) return { kind: 'malformed' }
      isInString = isEscaped(body, at)
      continue
    }
    const byte = body[at]
    if (isSpace(byte)) continue
    if (end !== undefined) return { kind: 'malformed' }
    if (first < 0) {
      first = at
      isBatch = byte === OPEN_LIST
      start = at + 1
    } else if (byte !== CLOSE_LIST || depth > 1) {
      isEmpty = false
    }
    if (byte === QUOTE) {
      isInString = true
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1
      values += 1
      requestValues += 1
      if (depth > limits.depthMax) return tooComplex(`deeper than ${limits.depthMax} levels`)
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1
      if (depth < 0) return { kind: 'malformed' }
      if (depth === 0 && isBatch) {
        if (byte !== CLOSE_LIST) return { kind: 'malformed' }
        requests.push({ start, end: at })
        end = at
      }
    } else if (byte === COMMA) {
      values += 1
      requestValues += 1
      if (depth === 1 && isBatch) {
        requests.push({ start, end: at })
        start = at + 1
        requestValues = 0
        if (requests.length >= limits.requestsMax) return { kind: 'batch-too-long' }
      }
    }
    if (requestValues > limits.requestValuesMax) {
      return tooComplex(`of a request of more than ${limits.requestValuesMax} values`)
    }
    if (values > limits.valuesMax) return tooComplex(`of more than ${limits.valuesMax} values`)
  }
  if (depth !== 0 || first < 0 || isInString) return { kind: 'malformed' }
  const request = { start: first, end: body.length }
  if ((isBatch ? requests : [request]).some((span) => isTooLong(span, limits))) {
    return tooComplex(`of a request of more than ${limits.requestMaxBytes} bytes`)
  }
  return isBatch
    ? { kind: 'batch', requests: isEmpty ? [] : requests }
    : { kind: 'single', request }
}

function isTooLong({ start, end }: Span, { requestMaxBytes }: JsonScanLimits): boolean {
  return end - start > requestMaxBytes
}

function tooComplex(reason: string): ScannedBody {
  return { kind: 'too-complex', reason }
}

/** True for a quote that an odd number of backslashes stands before. */
function isEscaped(body: Uint8Array, quoteAt: number): boolean {
  let escapes = 0
  while (body[quoteAt - 1 - escapes] === BACKSLASH) escapes += 1
  return escapes % 2 === 1
}
