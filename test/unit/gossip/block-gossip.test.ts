// Block gossip around its rules: what is written in which order, what is published, what a full queue does.
import assert from 'node:assert/strict'
import { compressMessage, decompressMessage, unpack } from '../../../protocols/gossip/codec.ts'
import { blocksTopic } from '../../../protocols/gossip/topic.ts'
import { silentLog } from '../../../src/base/log.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { createBlockGossip } from '../../../src/gossip/block-gossip.ts'
import { type Validation } from '../../../src/gossip/block-validation.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { signChild, TEST_CHAIN_ID, testGenesisBlock } from '../../support/signed-chain.ts'

const GENESIS_SECONDS = 1_700_000_000
const TOPIC = blocksTopic(TEST_CHAIN_ID, 3)
const genesis = testGenesisBlock({ timestamp: GENESIS_SECONDS })

describe('block gossip', () => {
  const setUp = ({ atSeconds = GENESIS_SECONDS + 1 } = {}) => {
    const clock = createManualClock({ startMs: atSeconds * 1_000 })
    const published: { topic: string; compressed: Uint8Array }[] = []
    const writes: { block: SignedBlock; from: string; finish: () => void }[] = []
    const rejected: string[] = []
    const verdicts = new Map<string, Validation>()
    let judging: Promise<unknown> = Promise.resolve()
    const gossip = createBlockGossip(
      {
        clock,
        log: silentLog,
        validator: {
          validate: (_, { compressed }) =>
            verdicts.get(Buffer.from(compressed).toString('hex')) ?? {
              verdict: 'reject',
              reason: 'signer-not-scheduled'
            }
        },
        mesh: {
          async publish(topic, compressed) {
            published.push({ topic, compressed })
            return 3
          },
          async judged() {
            await judging
          }
        },
        isTrusted: () => true,
        accept: (block, from) =>
          new Promise((resolve) => {
            writes.push({ block, from, finish: resolve })
          }),
        onRejected: (from, reason) => void rejected.push(`${from} ${reason}`)
      },
      { chainId: TEST_CHAIN_ID }
    )
    const receive = (block: SignedBlock, { topic = TOPIC, from = 'peer-1' } = {}) => {
      const compressed = compressMessage(block.message)
      verdicts.set(Buffer.from(compressed).toString('hex'), { verdict: 'accept', block })
      return gossip.receive({ topic, compressed, unpacked: unpack(compressed), from })
    }
    const holdMesh = () => {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      judging = promise
      return () => {
        resolve(undefined)
      }
    }
    return { gossip, published, writes, rejected, receive, holdMesh }
  }

  it('publishes a young block to the topic of its version', async () => {
    const { gossip, published } = setUp()
    const block = signChild(genesis)
    assert.equal(await gossip.publish(block), 3)
    assert.equal(published[0]?.topic, TOPIC)
    assert.deepEqual(decompressMessage(published[0].compressed), block.message)
  })

  it('publishes a block of 50 s, and none that is older (GO-19)', async () => {
    const block = signChild(genesis)
    const atAge = async (seconds: number) => {
      const { gossip, published } = setUp({ atSeconds: GENESIS_SECONDS + 1 + seconds })
      await gossip.publish(block)
      return published.length
    }
    assert.equal(await atAge(50), 1)
    assert.equal(await atAge(51), 0)
  })

  it('writes what it accepts one after the other, in the order of arrival', async () => {
    const { writes, receive } = setUp()
    const blocks = [0, 1, 2].map((salt) => signChild(genesis, { salt }))
    for (const block of blocks) assert.equal(receive(block), 'accept')
    for (const [index, block] of blocks.entries()) {
      await settle()
      assert.equal(writes.length, index + 1)
      assert.equal(writes[index]?.block.hash, block.hash)
      writes[index].finish()
    }
  })

  it('drains only when everything received so far is written', async () => {
    const { gossip, writes, receive } = setUp()
    receive(signChild(genesis))
    let isDrained = false
    const drained = gossip.drain().then(() => {
      isDrained = true
    })
    await settle()
    assert.equal(isDrained, false)
    writes[0]?.finish()
    await drained
  })

  it('drains only when what the mesh still unpacks has been judged, and written', async () => {
    const { gossip, writes, receive, holdMesh } = setUp()
    const release = holdMesh()
    let isDrained = false
    const drained = gossip.drain().then(() => {
      isDrained = true
    })
    receive(signChild(genesis))
    release()
    await settle()
    assert.equal(isDrained, false)
    writes[0]?.finish()
    await drained
  })

  it('blames the peer that passed on what it rejects, and nobody for what it ignores', () => {
    const { gossip, rejected, writes } = setUp()
    const compressed = new Uint8Array(100)
    const unpacked = unpack(compressed)
    assert.equal(gossip.receive({ topic: TOPIC, compressed, unpacked, from: 'liar' }), 'reject')
    const otherChain = blocksTopic(5n, 3)
    assert.equal(
      gossip.receive({ topic: otherChain, compressed, unpacked, from: 'lost' }),
      'ignore'
    )
    assert.deepEqual(rejected, ['liar signer-not-scheduled'])
    assert.equal(writes.length, 0)
  })

  it('ignores blocks while too many wait for a slow disk', () => {
    const { receive } = setUp()
    const verdicts = Array.from({ length: 70 }, (_, salt) => receive(signChild(genesis, { salt })))
    assert.equal(verdicts.filter((verdict) => verdict === 'accept').length, 64)
    assert.deepEqual([...new Set(verdicts.slice(64))], ['ignore'])
  })
})
