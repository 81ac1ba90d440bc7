// How a stream ends for its reader, over real TCP: by its writer's word, or because the peer is gone.
import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { type ByteStream } from '../../src/reqresp/byte-stream.ts'
import { addressOf, type Running, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const PROTOCOL = '/test/answer/1'

/** What a SIGKILL leaves of a connection: the system closes the socket in order, and nothing else is said. */
async function startWire(port: number) {
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port })
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) socket.on('error', () => undefined) // it is cut on purpose
    sockets.push(near, far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      for (const socket of sockets) socket.end()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

async function readAll(stream: ByteStream): Promise<number> {
  let length = 0
  for await (const part of stream.source) length += part.length
  return length
}

describe('a stream', () => {
  const { start } = useNetworks(901n)

  async function startPair(answer: (stream: ByteStream) => Promise<void>) {
    const server = await start()
    await server.network.serve(PROTOCOL, 4, (_, stream) => answer(stream))
    const [, port, tail] = /\/tcp\/(\d+)(\/p2p\/.*)$/.exec(addressOf(server)) ?? []
    const wire = await startWire(Number(port))
    const client = await start([`/ip4/127.0.0.1/tcp/${String(wire.port)}${String(tail)}`])
    await until('the connection', () => client.network.connected().length === 1)
    return { server, client, wire }
  }

  async function openTo(server: Running, client: Running): Promise<ByteStream> {
    return client.network.opener.open(server.network.peerId, PROTOCOL, AbortSignal.timeout(5_000))
  }

  it('ends where its writer ended it', async () => {
    const { server, client, wire } = await startPair(async (stream) => {
      await stream.write(Uint8Array.of(1, 2, 3))
      await stream.closeWrite()
    })
    try {
      const stream = await openTo(server, client)
      await stream.closeWrite()
      assert.equal(await readAll(stream), 3)
    } finally {
      await wire.close()
    }
  })

  for (const [what, bytes] of [
    ['before its first byte', 0],
    ['after some bytes', 3]
  ] as const) {
    it(`fails where the peer died ${what}: that is no answer`, async () => {
      const asked = Promise.withResolvers<undefined>()
      const { server, client, wire } = await startPair(async (stream) => {
        if (bytes > 0) await stream.write(new Uint8Array(bytes))
        asked.resolve(undefined)
      })
      try {
        const stream = await openTo(server, client)
        await stream.closeWrite()
        const read = readAll(stream)
        await asked.promise
        wire.cut()
        await assert.rejects(read, /the connection closed/)
      } finally {
        await wire.close()
      }
    })
  }
})
