// Gossiped bytes on their way into gossipsub: refused, unpacked once, and never in one piece when they are many.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type PeerId } from '@libp2p/interface'
import { SIGNATURE_BYTES } from '../../../protocols/block-message/codec.ts'
import { messageId } from '../../../protocols/gossip/codec.ts'
import { compressBlock } from '../../../protocols/snappy-block.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type ReceivedMessage } from '../../../src/gossip/block-gossip.ts'
import {
  ADMIT_ALL,
  type Admission,
  type MessageIntake
} from '../../../src/gossip/message-intake.ts'
import { type RawMessage } from '../../../src/net/gossip-internals.ts'
import {
  createGossipUnpacking,
  gossipMessageId,
  receivedMessage
} from '../../../src/net/gossip-unpacking.ts'

const TOPIC = '/optimism/901/3/blocks'
const LARGE = new Uint8Array(3 * 2 ** 20).map((_, index) => index >> 12)
const PEER = { toString: () => 'peer' } as PeerId

interface Handled {
  readonly id: Uint8Array
  readonly received: ReceivedMessage
}

/** A gossipsub that asks for the id, then for a verdict, as the library does, on bytes that are spoilt meanwhile. */
function createMesh(intake: Partial<MessageIntake> = {}) {
  const handled: Handled[] = []
  const started = { count: 0 }
  const promises = new Map([['id', new Map([['peer', 1]])]])
  const internals: Parameters<typeof createGossipUnpacking>[0] = {
    gossipTracer: { promises },
    async handleReceivedMessage(from: PeerId, { topic, data }: RawMessage) {
      started.count++
      data.fill(0xff)
      const id = gossipMessageId(topic, data)
      const received = await receivedMessage({ topic, compressed: data, from: from.toString() })
      handled.push({ id, received })
    }
  }
  const unpacking = createGossipUnpacking(internals, { ...ADMIT_ALL, ...intake })
  const receive = (data: Uint8Array) =>
    internals.handleReceivedMessage(PEER, { topic: TOPIC, data })
  return { handled, started, promises, receive, judged: () => unpacking.judged() }
}

/** Turns of the event loop until the promise settles. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  const state = { isSettled: false }
  const settled = promise.then(() => {
    state.isSettled = true
  })
  let turns = 0
  for (; !state.isSettled; turns++) await nextTurn()
  await settled
  return turns
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

describe('gossip on its way in', () => {
  for (const [what, content] of [
    ['small', LARGE.subarray(0, 1_000)],
    ['large', LARGE]
  ] as const) {
    it(`unpacks a ${what} message once, for its id and for the rules`, async () => {
      const { handled, receive } = createMesh()
      const compressed = compressBlock(content)
      const id = messageId(sha256, TOPIC, compressed)
      await receive(compressed)
      assert.deepEqual(handled[0]?.id, id)
      assert.deepEqual(handled[0].received.unpacked.content, content)
    })
  }

  it('judges a small message in the turn that it came in', async () => {
    const { handled, receive } = createMesh()
    const done = receive(compressBlock(LARGE.subarray(0, 1_000)))
    await nextTurn()
    assert.equal(handled.length, 1)
    await done
  })

  it('hashes a large one in many turns, its signed part for the signature too', async () => {
    const { handled, receive } = createMesh()
    const turns = await turnsUntil(receive(compressBlock(LARGE)))
    assert.ok(turns > 2, String(turns))
    const { signedPartHash } = handled[0]!.received
    assert.deepEqual(signedPartHash, keccak256(LARGE.subarray(SIGNATURE_BYTES)))
  })

  it('lets the event loop turn between many small ones of one frame', async () => {
    const { handled, receive } = createMesh()
    const messages = Array.from({ length: 100 }, (_, salt) =>
      compressBlock(LARGE.subarray(salt, 200_000 + salt))
    )
    const turns = await turnsUntil(Promise.all(messages.map((message) => receive(message))))
    assert.equal(handled.length, 100)
    assert.ok(turns > 50, String(turns))
  })

  it('judges a few of the smallest ones in a turn, however many a frame carries', async () => {
    const { started, receive } = createMesh()
    const messages = Array.from({ length: 200 }, (_, salt) =>
      compressBlock(LARGE.subarray(salt, 100 + salt))
    )
    const received = messages.map((message) => receive(message))
    assert.ok(started.count >= 10 && started.count <= 16, String(started.count))
    await Promise.all(received)
    assert.equal(started.count, 200)
  })

  it('identifies large bytes that hold nothing as Go does', async () => {
    const { handled, receive } = createMesh()
    const broken = compressBlock(LARGE).slice(0, -1)
    const id = messageId(sha256, TOPIC, broken)
    await receive(broken)
    assert.deepEqual(handled[0]?.id, id)
    assert.equal(handled[0].received.unpacked.content, undefined)
  })

  it('is judged when everything that came in is', async () => {
    const { handled, receive, judged } = createMesh()
    const received = Array.from({ length: 3 }, () => receive(compressBlock(LARGE)))
    await judged()
    assert.equal(handled.length, 3)
    await Promise.all(received)
  })

  const admissions: readonly (readonly [Admission, number])[] = [
    ['known', 1],
    ['refused', 0]
  ]
  for (const [admission, promised] of admissions) {
    it(`hands on nothing that is ${admission}, and keeps ${String(promised)} promises of its sender`, async () => {
      const { handled, promises, receive } = createMesh({ admit: () => admission })
      await receive(compressBlock(LARGE))
      assert.equal(handled.length, 0)
      assert.equal(promises.get('id')?.size, promised)
    })
  }

  it('holds so much at once, and forgets what is beyond', async () => {
    let forgottenCount = 0
    const { handled, receive, judged } = createMesh({
      forget: () => {
        forgottenCount++
      }
    })
    const bomb = compressBlock(new Uint8Array(10 * 2 ** 20))
    const received = Array.from({ length: 20 }, () => receive(bomb.slice()))
    assert.equal(forgottenCount, 14)
    await judged()
    assert.equal(handled.length, 6)
    await Promise.all(received)
  })
})
