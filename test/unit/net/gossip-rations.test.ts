// RPCs of gossipsub on their way in: what is beyond a ration is dropped, and honest ones beside it are not.
import assert from 'node:assert/strict'
import { blocksTopic } from '../../../protocols/gossip/topic.ts'
import { rationGossip, RPC_RATES } from '../../../src/net/gossip-rations.ts'
import { encodePrunes, encodeSubscriptions } from '../../../protocols/conformance/gossip-wire.ts'
import { encodeIhave } from '../../soak/strangers/support/gossip-asks.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const TOPIC = blocksTopic(901n, 3)
/** A subscription is more than its two fields. */
const HELLO_MIN_UNITS = 10
const HELLO = encodeSubscriptions([TOPIC])
const LARGEST = encodeIhave(
  TOPIC,
  Array.from({ length: 5_000 }, () => new Uint8Array(20))
)
const BOMB = encodePrunes(Array.from({ length: 5_000 }, () => TOPIC))

function createGossip() {
  const clock = createManualClock()
  const promises = new Map([['id', new Map([['a', 1]])]])
  const internals = { direct: new Set(['configured']), gossipTracer: { promises } }
  const ration = rationGossip(internals, clock)
  /** How many of these RPCs were handed on. */
  const send = async (peer: string, ...rpcs: readonly Uint8Array[]): Promise<number> => {
    const source = async function* () {
      await Promise.resolve()
      yield* rpcs
    }
    let handedCount = 0
    for await (const rpc of ration(source(), { peer, stream: {} }))
      handedCount += Math.sign(rpc.subarray().length)
    return handedCount
  }
  return { clock, promises, send }
}

describe('the rations of gossip', () => {
  it('drop what nobody needs to send, whoever sends it', async () => {
    const { send } = createGossip()
    assert.equal(await send('a', HELLO, BOMB, HELLO), 2)
    assert.equal(await send('configured', HELLO, BOMB, HELLO), 2)
  })

  it('have room for the largest list, and for the next one later', async () => {
    const { clock, send } = createGossip()
    assert.equal(await send('a', LARGEST, LARGEST), 1)
    await clock.advance(1_000)
    assert.equal(await send('a', LARGEST, LARGEST), 1)
  })

  it('leave everybody something that no flood takes', async () => {
    const { send } = createGossip()
    const flood = Array.from({ length: 1_000 }, () => HELLO)
    const most = RPC_RATES.own.burstTokens + RPC_RATES.shared.burstTokens
    assert.ok((await send('a', ...flood)) < most / HELLO_MIN_UNITS)
    assert.equal(await send('b', HELLO, HELLO, HELLO), 3)
  })

  it('do not hold for configured peers', async () => {
    const { send } = createGossip()
    assert.equal(await send('configured', ...Array.from({ length: 100 }, () => LARGEST)), 100)
  })

  it('hold no promise against a peer whose word was dropped', async () => {
    const { promises, send } = createGossip()
    await send('a', BOMB)
    assert.equal(promises.get('id')?.has('a'), false)
  })
})
