// Results encoded as JSON, item by item, with turns for other requests in between.
import { type Yielder } from '../base/yielder.ts'

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
  if (!hasItems(value)) {
    sink.write(JSON.stringify(value) ?? 'null')
    return
  }
  let separator = '{'
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue
    sink.write(`${separator}${JSON.stringify(key)}:`)
    await encodeJson(field, sink, yielder)
    separator = ','
  }
  sink.write('}')
}

/** True for an object that has to be written field by field. */
function hasItems(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((field) => field instanceof JsonItems)
}
