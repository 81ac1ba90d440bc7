// What a configured peer missed while it could not be reached, over real TCP: it comes when gossip begins anew.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { systemClock } from '../../src/base/clock.ts'
import { REPLAY_MAX_MESSAGES } from '../../src/net/gossip-replay.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { addressOf, type Running, sameAs, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const CHAIN_ID = 901n
const TOPIC = blocksTopic(CHAIN_ID, 3)
const YOUNG_MS = 60_000

describe('gossip to a configured peer', () => {
  const { start } = useNetworks(CHAIN_ID)

  /** A publisher that has a backup configured which is not there yet, and where that one will listen. */
  async function startAlone() {
    const peerKey = await generatePeerKey()
    const first = await start([], { peerKey })
    const address = addressOf(first)
    await first.stop()
    const publisher = await start([address])
    const listen = address.replace(/\/p2p\/.*$/, '')
    return { publisher, startBackup: () => start([], { peerKey, listen }) }
  }

  it('brings what was published before it came', async () => {
    const { publisher, startBackup } = await startAlone()
    const messages = [randomBytes(100), randomBytes(200), randomBytes(300)]
    for (const message of messages) {
      assert.equal(await publisher.network.mesh.publish(TOPIC, message, YOUNG_MS), 0)
    }
    const backup = await startBackup()
    await until('all that was published', () => hasAll(backup, messages))
    assert.equal(backup.received.length, messages.length, 'each is judged once')
  })

  it('brings no message that is too old by then', async () => {
    const { publisher, startBackup } = await startAlone()
    const old = randomBytes(100)
    const young = randomBytes(100)
    await publisher.network.mesh.publish(TOPIC, old, -1)
    await publisher.network.mesh.publish(TOPIC, young, YOUNG_MS)
    const backup = await startBackup()
    await until('the young one', () => hasAll(backup, [young]))
    assert.ok(!backup.received.some(sameAs(old)))
  })

  it(`keeps the last ${String(REPLAY_MAX_MESSAGES)} messages`, async () => {
    const { publisher, startBackup } = await startAlone()
    const messages = Array.from({ length: REPLAY_MAX_MESSAGES + 5 }, () => randomBytes(100))
    for (const message of messages) await publisher.network.mesh.publish(TOPIC, message, YOUNG_MS)
    const backup = await startBackup()
    await until('the last ones', () => hasAll(backup, messages.slice(5)))
    assert.equal(backup.received.length, REPLAY_MAX_MESSAGES)
  })

  it('brings a peer that is not configured nothing but what is published from then on', async () => {
    const publisher = await start()
    const before = randomBytes(100)
    await publisher.network.mesh.publish(TOPIC, before, YOUNG_MS)
    const stranger = await start([addressOf(publisher)])
    const after = randomBytes(100)
    await until('a message', async () => {
      await publisher.network.mesh.publish(TOPIC, after, YOUNG_MS)
      const later = randomBytes(100)
      await publisher.network.mesh.publish(TOPIC, later, YOUNG_MS)
      return stranger.received.length > 0
    })
    assert.ok(!stranger.received.some(sameAs(before)))
  })

  it('loses no message while connections and streams break', async () => {
    const { publisher, startBackup } = await startAlone()
    const backup = await startBackup()
    const messages: Uint8Array[] = []
    for (let round = 0; round < 30; round++) {
      const message = randomBytes(100)
      messages.push(message)
      if (round % 3 === 1) breakOne(round % 2 === 0 ? publisher : backup)
      await publisher.network.mesh.publish(TOPIC, message, YOUNG_MS)
      if (round % 5 === 2) breakOne(round % 2 === 0 ? backup : publisher)
      await systemClock.sleep(round % 4 === 0 ? 120 : 5)
    }
    await until('all that was published', () => hasAll(backup, messages))
    assert.equal(backup.received.length, messages.length)
    assert.ok(publisher.network.connected().includes(backup.network.peerId))
    assert.equal(
      publisher.host.getConnections(peerIdFromString(backup.network.peerId)).length > 0,
      true
    )
  })
})

/** Cuts what is open, without a word to the other side. */
function breakOne({ host }: Running): void {
  host.getConnections()[0]?.abort(new Error('cut by the test'))
}

function hasAll({ received }: Running, messages: readonly Uint8Array[]): boolean {
  return messages.every((message) => received.some(sameAs(message)))
}
