// Call frames as JSON in ASCII bytes, in the shape of go-ethereum's callTracer (eth/tracers/native/gen_callframe_json.go).
import { bytesToHex, hexQuantity } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type CallFrame, type FrameLog } from './call-frames.ts'

/** Characters that are put together before they become bytes. */
const PIECE_CHARS = 64 * 1024

/** Text that grows, as bytes in pieces. The pieces have memory of their own. */
export class JsonPieces {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = []
  #text = ''

  /** ASCII alone. */
  write(text: string): void {
    this.#text += text
    if (this.#text.length >= PIECE_CHARS) this.#flush()
  }

  /** All that was written. */
  end(): readonly Uint8Array<ArrayBuffer>[] {
    this.#flush()
    return this.#pieces
  }

  #flush(): void {
    const piece = new Uint8Array(this.#text.length)
    Buffer.from(piece.buffer).write(this.#text, 'latin1')
    this.#pieces.push(piece)
    this.#text = ''
  }
}

/** Writes a frame and all below it, in turns. Depth costs no recursion. */
export async function writeFrame(
  top: CallFrame,
  pieces: JsonPieces,
  yielder: Yielder
): Promise<void> {
  const open = [{ frame: top, next: 0 }]
  pieces.write(head(top))
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const call = at.frame.calls[at.next]
    if (call === undefined) {
      pieces.write(at.next > 0 ? ']' : '')
      pieces.write(tail(at.frame))
      open.pop()
    } else {
      pieces.write(at.next === 0 ? ',"calls":[' : ',')
      pieces.write(head(call))
      at.next += 1
      open.push({ frame: call, next: 0 })
    }
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
}

/** What stands ahead of the calls. geth leaves out what is empty, but for the input. */
function head({ from, gas, gasUsed, to, input, output, error, revertReason }: CallFrame): string {
  return (
    `{"from":"${from}","gas":"${hexQuantity(gas)}","gasUsed":"${hexQuantity(gasUsed)}"` +
    (to === undefined ? '' : `,"to":"${to}"`) +
    `,"input":"${bytesToHex(input)}"` +
    (output.length === 0 ? '' : `,"output":"${bytesToHex(output)}"`) +
    (error === undefined ? '' : `,"error":${asciiJson(error)}`) +
    (revertReason === undefined || revertReason === ''
      ? ''
      : `,"revertReason":${asciiJson(revertReason)}`)
  )
}

function tail({ logs, value, type }: CallFrame): string {
  return (
    (logs.length === 0 ? '' : `,"logs":[${logs.map(logJson).join(',')}]`) +
    (value === undefined ? '' : `,"value":"${hexQuantity(value)}"`) +
    `,"type":"${type}"}`
  )
}

function logJson({ log: [address, topics, data], index, position }: FrameLog): string {
  return JSON.stringify({
    address: bytesToHex(address),
    topics: topics.map(bytesToHex),
    data: bytesToHex(data),
    index: hexQuantity(index),
    position: hexQuantity(position)
  })
}

/** A string of JSON whose characters beyond ASCII are escaped. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
