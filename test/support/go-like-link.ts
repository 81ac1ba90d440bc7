// The muxer of one connection of a go-like peer, and the ways in which that connection ends.
import { type MessageStream, type StreamMuxer } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'

/** A window update of nothing for a stream that is not there. */
const IDLE_FRAME = Uint8Array.of(0, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0)

/** The muxer of one connection, whose frames may be held and sent as one. */
export class Link {
  readonly muxer: StreamMuxer
  readonly #connection: MessageStream
  readonly #send: MessageStream['send']
  #held: Uint8Array[] | undefined

  constructor(connection: MessageStream) {
    this.#connection = connection
    this.#send = connection.send.bind(connection)
    connection.send = (data) => {
      if (this.#held === undefined) return this.#send(data)
      this.#held.push(data.subarray().slice())
      return true
    }
    this.muxer = yamux()().createStreamMuxer(connection)
  }

  hold(): void {
    this.#held ??= []
  }

  release(change: (frames: Uint8Array) => Uint8Array = (frames) => frames): void {
    const held = Buffer.concat(this.#held ?? [])
    this.#held = undefined
    if (held.length > 0) this.#send(change(held))
  }

  /** Ends the socket in order, as a process that is killed does. */
  async cut(): Promise<void> {
    await this.#connection.close()
  }

  /** Frames that do nothing, each in a message of noise of its own. */
  idle(count: number): void {
    for (let sent = 0; sent < count; sent++) this.#send(IDLE_FRAME)
  }

  abort(): void {
    this.#connection.abort(new Error('the process died'))
  }
}
