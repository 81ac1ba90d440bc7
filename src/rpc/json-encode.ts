// Results encoded as JSON, item by item, with turns for other requests in between.
import { type Yielder } from '../base/yielder.ts'

/** Bytes that become hex at once. */
const HEX_SLICE_BYTES = 16 * 1024

/** Where the text goes. */
export interface JsonSink {
  write(text: string): void
}

/**
 * A JSON array whose items are made as they are written: none is in memory before the one before it is text. May be
 * a result, a field of a result, or stand in an item. What it throws becomes the answer.
 */
export class JsonItems {
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
  readonly fields: Iterable<readonly [name: string, value: unknown]>

  constructor(fields: Iterable<readonly [name: string, value: unknown]>) {
    this.fields = fields
  }
}

/** Bytes as a JSON text of 0x-hex, made a slice at a time: a block of 10 MiB takes long in one go. */
export class JsonHex {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** JSON that is text already: ASCII bytes in pieces, a result or an item of one. Written as it is. */
export class JsonText {
  readonly pieces: readonly Uint8Array[]

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces
  }
}

/** Writes a value as JSON.stringify would. Throws what the sink, the items and the yielder throw. */
export async function encodeJson(value: unknown, sink: JsonSink, yielder: Yielder): Promise<void> {
  if (value instanceof JsonItems || Array.isArray(value)) {
    const items = value instanceof JsonItems ? value.items : (value as readonly unknown[])
    let separator = '['
    for await (const item of items) {
      sink.write(separator)
      await encodeJson(item, sink, yielder)
      separator = ','
      await yielder.maybeYield()
    }
    sink.write(separator === '[' ? '[]' : ']')
    return
  }
  if (value instanceof JsonText) {
    for (const { buffer, byteOffset, byteLength } of value.pieces) {
      sink.write(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'))
      await yielder.maybeYield()
    }
    return
  }
  if (value instanceof JsonHex) {
    await encodeHex(value.bytes, sink, yielder)
    return
  }
  const isLazy = value instanceof JsonFields
  if (!isLazy && !hasItems(value)) {
    sink.write(JSON.stringify(value) ?? 'null')
    return
  }
  let separator = '{'
  for (const [key, field] of isLazy ? value.fields : Object.entries(value)) {
    if (field === undefined) continue
    sink.write(`${separator}${JSON.stringify(key)}:`)
    await encodeJson(field, sink, yielder)
    separator = ','
    if (isLazy) await yielder.maybeYield()
  }
  sink.write(separator === '{' ? '{}' : '}')
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

/** True for an object that has to be written field by field. */
function hasItems(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(isMadeLate)
}

function isMadeLate(value: unknown): boolean {
  return [JsonItems, JsonFields, JsonHex, JsonText].some((Late) => value instanceof Late)
}
