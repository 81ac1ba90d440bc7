// payload_by_number on both sides: what is served, and how a gap is filled where nobody serves signatures.
import assert from 'node:assert/strict'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import {
  PAYLOAD_BY_NUMBER,
  type PayloadByNumberRequest,
  toMessageLayout,
  toUnsignedPayload,
  type UnsignedPayload
} from '../../../protocols/payload-by-number/codec.ts'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import {
  type Block,
  type BlockRef,
  type SignedBlock,
  toRef
} from '../../../src/chain/blocks/block.ts'
import { isSigned } from '../../../src/chain/blocks/block-content.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { verifyUnsignedMessage } from '../../../src/chain/blocks/verify-message.ts'
import { Quota } from '../../../src/peer/quota.ts'
import { Lane } from '../../../src/reqresp/lane.ts'
import { createRequester } from '../../../src/reqresp/requester.ts'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import { respond } from '../../../src/reqresp/responder.ts'
import { fillGap } from '../../../src/sync/fetching/fill-gap.ts'
import { createBlockFetcher } from '../../../src/sync/fetching/range-fetcher.ts'
import { createUnsignedBlocks, PAYLOAD_PACE } from '../../../src/sync/fetching/unsigned-blocks.ts'
import { type PeerBlocksFailure } from '../../../src/sync/protocols/asking.ts'
import {
  SERVED_PAYLOAD_BY_NUMBER,
  type StoredPayloads
} from '../../../src/sync/protocols/payload-by-number.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { createStreamPair } from '../../support/memory-stream.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'
import { childBlock, signChain, signChild, testGenesisBlock } from '../../support/signed-chain.ts'
import { createStubPeers } from './blocks-fixture.ts'

const genesis = testGenesisBlock()
const CHAIN = signChain(genesis, 40)
const at = (number: number): SignedBlock => CHAIN[number - 1]!
const topicVersion = at(1).version
const verifyPayload = (payload: UnsignedPayload) => {
  const { version, message } = toMessageLayout(payload, () => topicVersion)
  return verifyUnsignedMessage(version, message)
}

/** Serves these blocks; the first one without a signature is `unsigned`. */
function stored(...unsigned: readonly Block[]): StoredPayloads {
  return {
    messageByNumber(number) {
      if (number === 7n)
        throw new ChainError({ code: 'entry-damaged', entry: 'content', key: '0x' })
      return CHAIN.find((block) => block.number === number)
    },
    blockByNumber: (number) => [genesis, ...unsigned].find((block) => block.number === number)
  }
}

describe('serving payload_by_number', () => {
  const serve = (source: StoredPayloads, number: bigint) => {
    const context = {
      peer: 'a',
      stream: createStreamPair()[0],
      signal: new AbortController().signal
    }
    const blocks = SERVED_PAYLOAD_BY_NUMBER.serve({ blocks: source }, { number }, context)
    return [...(blocks as Iterable<UnsignedPayload>)]
  }

  it('serves a block without its signature, and one that never had any as well', () => {
    const child = childBlock(at(40))
    for (const [block, number] of [
      [at(3), 3n],
      [child, 41n]
    ] as const) {
      const [payload] = serve(stored(child), number)
      assert.ok(payload !== undefined)
      const { version, message } = toMessageLayout(payload, () => topicVersion)
      const hash = bytesToHex(decodeBlockMessage(version, message).payload.blockHash)
      assert.deepEqual([hash, isSigned(verifyPayload(payload))], [block.hash, false])
    }
  })

  for (const [what, number] of [
    ['genesis', 0n],
    ['what is damaged', 7n],
    ['what is above the head', 42n]
  ] as const) {
    it(`says that it does not have ${what}`, () => {
      assert.throws(() => serve(stored(), number), { result: 'unavailable' })
    })
  }

  function served(tokens: number) {
    const clock = createManualClock()
    const rate = { burstTokens: tokens, tokensPerSecond: 10 }
    const quota = new Quota(clock, { perPeer: rate, total: rate })
    const lane = new Lane({ clock, quota }, { streamsPerPeerMax: 4, streamsMax: 4 })
    const { signal } = new AbortController()
    const requester = createRequester({
      clock,
      chainId: 901n,
      onFailure: () => undefined,
      opener: {
        async open(_, protocolId) {
          assert.equal(protocolId, '/opstack/req/payload_by_number/901/0')
          const [client, server] = createStreamPair()
          const { def, costTokens, quotaWaitMs } = SERVED_PAYLOAD_BY_NUMBER
          const handler = {
            ...{ def, costTokens, lane },
            ...(quotaWaitMs === undefined ? {} : { quotaWaitMs }),
            serve: (request: PayloadByNumberRequest) =>
              SERVED_PAYLOAD_BY_NUMBER.serve({ blocks: stored() }, request, {
                peer: 'b',
                stream: server,
                signal
              })
          }
          respond({ clock, log: silentLog, signal }, handler, { peer: 'b', stream: server }).catch(
            assert.ifError
          )
          return client
        }
      }
    })
    const ask = async (number: bigint) => {
      const hashes: Hex[] = []
      for await (const one of requester.request('b', PAYLOAD_BY_NUMBER, { number }, signal))
        hashes.push(verifyPayload(one).hash)
      return hashes
    }
    return { clock, ask }
  }

  it('goes over the wire of its own, both ways', async () => {
    const { ask } = served(100)
    assert.deepEqual(await ask(5n), [at(5).hash])
    await assert.rejects(ask(99n), (thrown) => {
      return thrown instanceof RequestError && thrown.failure.code === 'unavailable'
    })
  })

  it('waits for tokens in place of telling the peer to come later, and no longer than it may', async () => {
    const { clock, ask } = served(10)
    assert.deepEqual(await ask(1n), [at(1).hash])
    const second = ask(2n)
    await settle()
    await clock.advance(1_000)
    assert.deepEqual(await second, [at(2).hash])
    const { ask: poor } = served(-100)
    await assert.rejects(poor(1n), (thrown) => {
      return thrown instanceof RequestError && thrown.failure.code === 'server-error'
    })
  })
})

describe('a gap that only nodes of the OP Stack can fill', () => {
  type ServeNumber = (number: bigint) => UnsignedPayload | undefined
  const honest: ServeNumber = (number) => {
    const block = CHAIN.find((one) => one.number === number)
    return block && toUnsignedPayload(block)
  }

  function world(peers: Readonly<Record<string, ServeNumber>>) {
    const clock = createManualClock()
    const blamed: PeerBlocksFailure[] = []
    const asked: string[] = []
    const held = new Map<Hex, Block>([[at(40).hash, at(40)]])
    const accepted = {
      acceptedBlock: (hash: Hex) => (hash === at(40).hash ? at(40) : undefined),
      isHeldAt: (number: bigint) => number === 40n,
      accept: () => Promise.reject(new Error('there is no signature to accept'))
    }
    const request = asRequestChunks(async function* (
      peer: string,
      def: unknown,
      question: PayloadByNumberRequest
    ): AsyncGenerator {
      assert.equal(def, PAYLOAD_BY_NUMBER)
      asked.push(`${peer} ${question.number.toString()}`)
      const payload = peers[peer]?.(question.number)
      if (payload === undefined) {
        throw new RequestError({ code: 'unavailable', peer, reason: '' })
      }
      yield payload
    })
    const unsigned = createUnsignedBlocks({
      clock,
      request,
      verifyPayload,
      onFalse: (failure) => void blamed.push(failure),
      peers: () => Object.keys(peers),
      onSlow: (peer) => assert.fail(`${peer} is not slow`),
      named: {
        namedBlock: (hash) => held.get(hash),
        async keepNamed(blocks) {
          for (const block of blocks) held.set(block.hash, block)
        }
      }
    })
    const fetcher = createBlockFetcher({
      clock,
      blocks: createStubPeers({}),
      peers: () => [],
      onSlow: () => undefined
    })
    const { signal } = new AbortController()
    const fill = (floor: BlockRef) =>
      fillGap({ accepted, fetcher, unsigned }, { floor, target: toRef(at(40)), signal })
    return { clock, blamed, asked, held, fill }
  }

  it('is walked down by parent hashes from the signed block, and what is proved so is kept', async () => {
    const { fill, held, blamed, asked } = world({ a: honest })
    const outcome = await fill(toRef(at(30)))
    assert.deepEqual(outcome, { kind: 'linked', path: CHAIN.slice(30).map(({ hash }) => hash) })
    assert.deepEqual(asked, [
      'a 39',
      'a 38',
      'a 37',
      'a 36',
      'a 35',
      'a 34',
      'a 33',
      'a 32',
      'a 31'
    ])
    assert.ok([...held.values()].filter((block) => !isSigned(block)).length === 9)
    assert.deepEqual(blamed, [])
  })

  it('is not asked for twice after a walk that ended', async () => {
    const first = world({ a: honest })
    await first.fill(toRef(at(35)))
    const askedCount = first.asked.length
    await first.fill(toRef(at(35)))
    assert.equal(first.asked.length, askedCount)
  })

  it('is fetched at the pace that op-node serves', async () => {
    const { clock, fill, asked } = world({ a: honest })
    const outcome = fill(toRef(at(10)))
    await settle()
    assert.equal(asked.length, PAYLOAD_PACE.perPeer.burstTokens)
    for (let second = 0; second < 12 && asked.length < 29; second++) await clock.advance(1_000)
    assert.equal((await outcome).kind, 'linked')
    assert.equal(asked.length, 29)
    assert.ok(clock.monotonicMs() >= 3_000, `${String(clock.monotonicMs())} ms`)
  })

  it('moves to another peer from one that has another branch, which is no lie', async () => {
    const other = toUnsignedPayload(signChild(at(38), { salt: 9 }))
    const { fill, blamed, held } = world({
      a: (number) => (number === 39n ? other : honest(number)),
      b: honest
    })
    assert.equal((await fill(toRef(at(38)))).kind, 'linked')
    assert.deepEqual(blamed, [])
    assert.ok(held.has(at(39).hash) && held.size === 2)
  })

  for (const [what, payload, code] of [
    [
      'a block whose hash is not that of its fields',
      {
        ...honest(39n)!,
        bytes: Uint8Array.from(honest(39n)!.bytes, (byte, index) =>
          index === 90 ? byte ^ 1 : byte
        )
      },
      'block-false'
    ],
    ['a block of another height', honest(12n)!, 'block-unrequested'],
    ['bytes that are no payload', { version: 1, bytes: new Uint8Array(600) }, 'block-false']
  ] as const) {
    it(`blames a peer for ${what}, and keeps nothing of it`, async () => {
      const { fill, blamed, held } = world({ liar: () => payload })
      assert.equal((await fill(toRef(at(38)))).kind, 'unserved')
      assert.deepEqual(
        blamed.map((failure) => [failure.code, failure.peer]),
        [[code, 'liar']]
      )
      assert.equal(held.size, 1)
    })
  }

  it('stays where nobody has the block', async () => {
    const { fill, asked } = world({ a: () => undefined })
    const outcome = await fill(toRef(at(30)))
    assert.ok(outcome.kind === 'unserved' && outcome.lastMissing === 39n)
    assert.deepEqual(asked, ['a 39'])
  })
})
