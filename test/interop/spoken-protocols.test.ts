// What peers say by identify that they answer, over real TCP: known soon, again when it changes, refusals remembered.
import assert from 'node:assert/strict'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { addressOf, type Running, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const ECHO = '/rekindle/test/echo/1'
const LATER = '/rekindle/test/later/1'

describe('what a peer says that it answers', () => {
  const { start } = useNetworks(901n)

  function listen({ network }: Running): string[] {
    const changed: string[] = []
    network.listenToPeers({
      onConnected: () => undefined,
      onDisconnected: () => undefined,
      onProtocols: (peer) => void changed.push(peer)
    })
    return changed
  }

  it('is known once identify has come, on whichever side dialled', async () => {
    const first = await start()
    await first.network.serve(ECHO, 1, async () => undefined)
    const second = await start([addressOf(first)])
    const { peerId } = first.network
    assert.equal(second.network.speaks(peerId, ECHO), undefined, 'not before it is connected')
    await until('identify', () => second.network.speaks(peerId, ECHO) !== undefined)
    assert.equal(second.network.speaks(peerId, ECHO), true)
    assert.equal(second.network.speaks(peerId, LATER), false)
    await until('the other way', () => {
      return first.network.speaks(second.network.peerId, ECHO) === false
    })
  })

  it('changes with what it comes to answer while it is connected', async () => {
    const first = await start()
    const second = await start([addressOf(first)])
    const changed = listen(second)
    const { peerId } = first.network
    await until('identify', () => second.network.speaks(peerId, LATER) === false)
    const { length } = changed
    await first.network.serve(LATER, 1, async () => undefined)
    await until('the push', () => second.network.speaks(peerId, LATER) === true)
    assert.deepEqual(changed.slice(length), [peerId])
  })

  it('is overruled by a refusal, and forgotten with the connection', async () => {
    const first = await start()
    const second = await start([addressOf(first)])
    const { peerId } = first.network
    await first.network.serve(ECHO, 1, async () => undefined)
    await until('the push', () => second.network.speaks(peerId, ECHO) === true)
    // It stops, and its word of that is still on its way.
    await first.host.unhandle(ECHO)
    const open = () => second.network.opener.open(peerId, ECHO, AbortSignal.timeout(5_000))
    const isRefusal = (thrown: unknown) =>
      thrown instanceof RequestError && thrown.failure.code === 'unsupported-protocol'
    await assert.rejects(open, isRefusal)
    assert.equal(second.network.speaks(peerId, ECHO), false)
    await second.network.disconnect(peerId)
    assert.equal(second.network.speaks(peerId, ECHO), undefined)
  })
})
