// yamux with bounds that its options do not have: frames, their rate, what is kept for nobody, streams without end.
import { type MessageStream, type StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { type Arrivals } from './arrivals.ts'
import { FrameGate, type FrameLimits, HEADER_BYTES } from './frame-gate.ts'
import {
  answerNegotiation,
  type Intake,
  type MuxedStream,
  type Muxer,
  type StreamRules,
  watchEnd,
  watchNegotiation
} from './muxed-stream.ts'
import { type SharedWork, type Worker } from './shared-work.ts'

/** Bounds of the connections of one kind of peer. */
export interface MuxerLimits {
  /** A stream's receive window: what it may have in flight, and what is kept of it unread. */
  readonly windowMaxBytes: number
  /** Streams that the other side has open. */
  readonly streamsMax: number
  /** Of these, the ones whose protocol is not settled. */
  readonly unsettledMax: number
  /** Bytes that one connection may leave with us unread, over all of its streams. */
  readonly heldMaxBytes: number
  /** The same for all connections of the kind; only those that hold HELD_FREE_BYTES or more answer for it. */
  readonly heldInAllMaxBytes: number
  /** Bytes of ours that wait for its socket. */
  readonly writeMaxBytes: number
  readonly frames: Pick<FrameLimits, 'idleFrames'>
}

/** One kind of peer: its bounds, and what its connections share. */
export interface PeerKind {
  readonly limits: MuxerLimits
  readonly work: SharedWork
  /** What each of them holds unread, in bytes. */
  readonly held: Set<() => number>
}

/** What a muxer needs to know of the connection that it is made for. */
export interface MuxerDeps {
  readonly kindOf: (connection: MessageStream) => PeerKind
  /** The protocols that we answer. */
  readonly protocols: () => readonly string[]
  readonly intakeOf: (
    protocol: string,
    stream: MuxedStream,
    connection: MessageStream
  ) => Intake | undefined
  /** Bytes have come on the connection. */
  readonly onHeard: (connection: MessageStream) => void
  /** A stream has come into being, of either side. */
  readonly onStream: (stream: MuxedStream, connection: MessageStream) => void
  /** Where it is counted what the connection brings. */
  readonly arrivalsOf: (connection: MessageStream) => Arrivals | undefined
}

/** Streams that break their form, before the connection goes with them. */
const BROKEN_STREAMS_MAX = 4
/** Unread bytes that a connection is never cut for: two windows of a stranger. */
const HELD_FREE_BYTES = 2 ** 19
/** Bytes of frames that wait for their turn before the socket is left to its own buffer. */
const BACKLOG_MAX_BYTES = 2 ** 18

/** The muxer factory of a host. */
export function boundedYamux(deps: MuxerDeps): StreamMuxerFactory {
  return {
    protocol: '/yamux/1.0.0',
    createStreamMuxer(connection) {
      const kind = deps.kindOf(connection)
      const { windowMaxBytes, streamsMax, writeMaxBytes } = kind.limits
      const muxer = yamux({
        maxInboundStreams: streamsMax,
        maxEarlyStreams: streamsMax,
        streamOptions: { maxStreamWindowSize: windowMaxBytes, maxReadBufferLength: windowMaxBytes }
      })().createStreamMuxer(connection)
      connection.maxWriteBufferLength = writeMaxBytes
      boundStreams(deps, { muxer, connection, unsettledMax: kind.limits.unsettledMax })
      boundFrames(deps, { muxer, connection, kind })
      return muxer
    }
  }
}

function boundStreams(
  { protocols, intakeOf, onStream }: MuxerDeps,
  {
    muxer,
    connection,
    unsettledMax
  }: { readonly muxer: Muxer; readonly connection: MessageStream; readonly unsettledMax: number }
): void {
  let broken = 0
  const rulesOf = (stream: MuxedStream): StreamRules => ({
    intakeOf: (protocol) => intakeOf(protocol, stream, connection),
    onBroken() {
      broken += 1
      if (broken > BROKEN_STREAMS_MAX) connection.abort(new Error('too many broken streams'))
    }
  })
  /** Inbound streams by what is to be done when their protocol is settled. */
  const unsettled = new Map<unknown, () => void>()
  const create = muxer.onCreateStream.bind(muxer)
  muxer.onCreateStream = () => {
    const stream = create()
    onStream(stream, connection)
    watchEnd(stream)
    watchNegotiation(stream, rulesOf(stream))
    return stream
  }
  const open = muxer.onRemoteStream.bind(muxer)
  muxer.onRemoteStream = (stream) => {
    onStream(stream, connection)
    watchEnd(stream)
    unsettled.set(stream, () => undefined)
    stream.addEventListener('close', () => {
      unsettled.delete(stream)
    })
    const onSettled = () => {
      const announce = unsettled.get(stream)
      unsettled.delete(stream)
      announce?.()
    }
    answerNegotiation(stream, protocols, rulesOf(stream), onSettled)
    open(stream)
    if (unsettled.size > unsettledMax)
      stream.abort(new Error('too many streams without a protocol'))
  }
  // A connection hears of a stream once it has a protocol: it negotiates no more then.
  const dispatch = muxer.dispatchEvent.bind(muxer)
  muxer.dispatchEvent = (event) => {
    const stream = event.type === 'stream' && (event as CustomEvent<unknown>).detail
    if (!unsettled.has(stream)) return dispatch(event)
    unsettled.set(stream, () => dispatch(event))
    return true
  }
}

function boundFrames(
  { onHeard, arrivalsOf }: MuxerDeps,
  {
    muxer,
    connection,
    kind: { limits, work, held }
  }: { readonly muxer: Muxer; readonly connection: MessageStream; readonly kind: PeerKind }
): void {
  const { windowMaxBytes, frames } = limits
  const handOn = muxer.onData.bind(muxer)
  const gate = new FrameGate({ ...frames, dataMaxBytes: windowMaxBytes }, handOn)
  const fail = (error: Error) => {
    work.remove(worker)
    abortBoth(muxer, connection, error)
  }
  const countHeld = () =>
    muxer.streams.reduce((sum, stream) => sum + stream.readBufferLength, gate.partialMaxBytes)
  held.add(countHeld)
  arrivalsOf(connection)?.openFrames(() => Math.max(1, gate.waitingBytes))
  let isPaused = false
  const setPaused = (shallPause: boolean) => {
    if (isPaused === shallPause || connection.status !== 'open') return
    isPaused = shallPause
    if (shallPause) connection.pause()
    else connection.resume()
  }
  let isEnding = false
  let hasEnded = false
  const close = muxer.onTransportClosed.bind(muxer)
  const finish = () => {
    if (hasEnded) return
    hasEnded = true
    work.remove(worker)
    held.delete(countHeld)
    close()
    arrivalsOf(connection)?.end('frames')
  }
  const worker: Worker = {
    gate,
    onTurn(failure) {
      if (isEnding) {
        // The last of what a process sent before it died was handed on by turns, as everything before it.
        if (failure !== undefined || !gate.isPending) finish()
      } else if (failure !== undefined) fail(failure)
      else if (isTooMuch(countHeld(), { limits, held })) fail(new Error('too much left unread'))
      else if (gate.waitingBytes < BACKLOG_MAX_BYTES) setPaused(false)
    }
  }
  muxer.onData = (data) => {
    if (hasEnded) return // the other side said that it goes, and nothing comes after that
    onHeard(connection)
    gate.push(data.subarray())
    work.run(worker)
    if (gate.waitingBytes >= BACKLOG_MAX_BYTES) setPaused(true)
  }
  const send = connection.send.bind(connection)
  connection.send = (data) => {
    gate.onSent(data.subarray(0, HEADER_BYTES))
    return send(data)
  }
  const begin = () => {
    isEnding = true
  }
  onEnded({ muxer, connection }, begin, () => {
    if (muxer.status === 'closed') finish()
    else work.run(worker)
  })
}

function abortBoth(muxer: Muxer, connection: MessageStream, error: Error): void {
  try {
    muxer.abort(error)
  } finally {
    connection.abort(error)
  }
}

/** The connection has ended: `begin` is called at once, and `end` when no frame is in hand any more. Both once. */
function onEnded(
  { muxer, connection }: { readonly muxer: Muxer; readonly connection: MessageStream },
  begin: () => void,
  end: () => void
): void {
  let hasBegun = false
  muxer.onTransportClosed = () => {
    if (hasBegun) return
    hasBegun = true
    // There is nobody to read what is sent from now on, and no frame is to fail for that.
    connection.send = () => true
    begin()
    // A frame of theirs that says the end is in hand itself when it is handled.
    queueMicrotask(end)
  }
  // One that has ended before its muxer was made does not say so again.
  if (connection.status !== 'open') muxer.onTransportClosed()
}

function isTooMuch(heldBytes: number, { limits, held }: Omit<PeerKind, 'work'>): boolean {
  if (heldBytes < HELD_FREE_BYTES) return false
  if (heldBytes > limits.heldMaxBytes) return true
  const inAll = [...held].reduce((sum, count) => sum + count(), 0)
  return inAll > limits.heldInAllMaxBytes
}
