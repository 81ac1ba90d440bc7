// Results encoded as JSON, item by item, with turns for other requests in between.
import { type Yielder } from '../base/yielder.ts'

/** Bytes that become hex at once. */
const HEX_SLICE_BYTES = 16 * 1024

/** Where the text goes. */
export interface JsonSink {
  write(text: string): void
}

/** Marks what is written piece by piece. */
const MADE_LATE = Symbol('made late')

/**
 * A JSON array whose items are made as they are written: none is in memory before the one before it is text. May be
 * a result, a field of a result, or stand in an item. What it throws becomes the answer.
 */
export class JsonItems {
  readonly [MADE_LATE] = true
  readonly items: Iterable<unknown> | AsyncIterable<unknown>

  constructor(items: Iterable<unknown> | AsyncIterable<unknown>) {
    this.items = items
  }
}

/**
 * A JSON object whose fields are made as they are written, as the items of JsonItems are. Names are the caller's to keep
 * apart.
 */
export class JsonFields {
  readonly [MADE_LATE] = true
  readonly fields: Iterable<readonly [name: string, value: unknown]>

  constructor(fields: Iterable<readonly [name: string, value: unknown]>) {
    this.fields = fields
  }
}

/** Bytes as a JSON text of 0x-hex, made a slice at a time: a block of 10 MiB takes long in one go. */
export class JsonHex {
  readonly [MADE_LATE] = true
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/**
 * JSON that is text already, in pieces: strings, or ASCII bytes. A result, or an item of one; as an item, several with
 * the commas between them. Written as it is.
 */
export class JsonText {
  readonly [MADE_LATE] = true
  readonly pieces: readonly (Uint8Array | string)[]

  constructor(pieces: readonly (Uint8Array | string)[]) {
    this.pieces = pieces
  }
}

/** Writes a value as JSON.stringify would. Throws what the sink, the items and the yielder throw. */
export async function encodeJson(value: unknown, sink: JsonSink, yielder: Yielder): Promise<void> {
  if (value instanceof JsonItems || Array.isArray(value)) {
    await encodeItems(value instanceof JsonItems ? value.items : value, sink, yielder)
    return
  }
  if (value instanceof JsonText) {
    for (const piece of value.pieces) {
      sink.write(textOf(piece))
      await yielder.maybeYield()
    }
    return
  }
  if (value instanceof JsonHex) {
    await encodeHex(value.bytes, sink, yielder)
    return
  }
  const isLazy = value instanceof JsonFields
  if (!isLazy && isWrittenAtOnce(value)) {
    sink.write(JSON.stringify(value) ?? 'null')
    return
  }
  let separator = '{'
  for (const [key, field] of isLazy ? value.fields : Object.entries(value as object)) {
    if (field === undefined) continue
    sink.write(`${separator}${JSON.stringify(key)}:`)
    await encodeJson(field, sink, yielder)
    separator = ','
    if (isLazy) await yielder.maybeYield()
  }
  sink.write(separator === '{' ? '{}' : '}')
}

/** Most items are small and there already: those are written without waiting for anything. */
async function encodeItems(
  items: Iterable<unknown> | AsyncIterable<unknown>,
  sink: JsonSink,
  yielder: Yielder
): Promise<void> {
  let separator = '['
  const write = (item: unknown) => {
    sink.write(separator)
    separator = ','
    if (item instanceof JsonText && item.pieces.length === 1) sink.write(textOf(item.pieces[0]!))
    else if (isWrittenAtOnce(item)) sink.write(JSON.stringify(item) ?? 'null')
    else return encodeJson(item, sink, yielder)
    return undefined
  }
  if (Symbol.asyncIterator in items) {
    for await (const item of items) {
      await write(item)
      const turn = yielder.maybeYield()
      if (turn !== undefined) await turn
    }
  } else {
    for (const item of items) {
      const rest = write(item)
      if (rest !== undefined) await rest
      const turn = yielder.maybeYield()
      if (turn !== undefined) await turn
    }
  }
  sink.write(separator === '[' ? '[]' : ']')
}

function textOf(piece: Uint8Array | string): string {
  if (typeof piece === 'string') return piece
  const { buffer, byteOffset, byteLength } = piece
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

async function encodeHex(bytes: Uint8Array, sink: JsonSink, yielder: Yielder): Promise<void> {
  sink.write('"0x')
  for (let start = 0; start < bytes.length; start += HEX_SLICE_BYTES) {
    const { buffer, byteOffset } = bytes
    const slice = Math.min(HEX_SLICE_BYTES, bytes.length - start)
    sink.write(Buffer.from(buffer, byteOffset + start, slice).toString('hex'))
    await yielder.maybeYield()
  }
  sink.write('"')
}

/** False for an array, for what is made late, and for an object that has such a field. */
function isWrittenAtOnce(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value) || MADE_LATE in value) return false
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name]
    if (typeof field === 'object' && field !== null && MADE_LATE in field) return false
  }
  return true
}
