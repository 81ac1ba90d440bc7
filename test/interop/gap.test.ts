// A gap of 1,000 blocks over real TCP from three peers, one of which stalls and one lies; and peers that are refused.
import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { BLOCKS_BY_HASH } from '../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import { type ProtocolDef, protocolId } from '../../protocols/protocol-def.ts'
import { type Hex } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type SignedBlock } from '../../src/chain/blocks/block.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../src/chain/blocks/verify-message.ts'
import { startHost } from '../../src/net/host.ts'
import { createNetwork, type Network } from '../../src/net/network.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { createPeerLanes } from '../../src/reqresp/peer-lanes.ts'
import { type ByteStream } from '../../src/reqresp/byte-stream.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { type Handler, respond } from '../../src/reqresp/responder.ts'
import { fillGap } from '../../src/sync/fetching/fill-gap.ts'
import { type PeerBlocksFailure } from '../../src/sync/protocols/asking.ts'
import { createBlockFetcher } from '../../src/sync/fetching/range-fetcher.ts'
import { serveBlocksByHash } from '../../src/sync/protocols/blocks-by-hash.ts'
import { serveBlocksByRange } from '../../src/sync/protocols/blocks-by-range.ts'
import { signChain, TEST_CHAIN_ID, TEST_SIGNER, testGenesisBlock } from '../support/signed-chain.ts'
import { until } from '../support/until.ts'

const GAP_BLOCKS = 1_000
const genesis = testGenesisBlock()
const forever = new AbortController().signal

describe('a gap of 1,000 blocks', () => {
  const stops: (() => Promise<void>)[] = []
  let chain: readonly SignedBlock[] = []

  before(() => {
    chain = signChain(genesis, GAP_BLOCKS + 1, { transactionsCount: 2 })
  })
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()))
  })

  async function start(isRefused: (peer: string) => boolean = () => false) {
    const options = {
      peerKey: await generatePeerKey(),
      listen: '/ip4/127.0.0.1/tcp/0',
      peers: [],
      chainId: TEST_CHAIN_ID,
      seenTtlMs: 65_000,
      agentVersion: 'rekindle/test',
      isRefused
    }
    const host = await startHost(options)
    const network = createNetwork({ clock: systemClock, log: silentLog, host }, options)
    stops.push(() => network.stop())
    return { host, network }
  }

  /** What a stream of a protocol is answered with; the default serves the chain as a node does. */
  async function serve(network: Network, replace?: (stream: ByteStream) => Promise<void>) {
    const lanes = createPeerLanes(systemClock, () => false, 0)
    const messages = new Map(chain.map((block) => [block.hash, block]))
    const source = {
      messageByNumber: (number: bigint) => chain[Number(number) - 1],
      acceptedMessage: (hash: Hex) => messages.get(hash)
    }
    const handle = async <Request, Chunk>(
      def: ProtocolDef<Request, Chunk>,
      answer: Handler<Request, Chunk>['serve']
    ) =>
      network.serve(protocolId(def, TEST_CHAIN_ID), 16, async (peer, stream) => {
        if (replace !== undefined) {
          await replace(stream)
          return
        }
        const deps = { clock: systemClock, log: silentLog, signal: forever }
        const lane = lanes.laneOf('bulk', peer)
        const handler = { def, costTokens: 10, lane, serve: answer }
        await respond(deps, handler, { peer, stream })
      })
    await handle(BLOCKS_BY_RANGE, (asked) => serveBlocksByRange(source, asked))
    await handle(BLOCKS_BY_HASH, (asked) => serveBlocksByHash(source, asked))
  }

  async function fetchGap(
    replaced: readonly (((stream: ByteStream) => Promise<void>) | undefined)[]
  ) {
    const own = await start()
    for (const replace of replaced) {
      const { network } = await start()
      await serve(network, replace)
      await own.host.dial(multiaddr(network.multiaddrs()[0] ?? ''))
    }
    const { network } = own
    const schedule = createSignerSchedule([{ fromBlock: 0n, address: TEST_SIGNER }])
    const blamed: PeerBlocksFailure[] = []
    const failed: string[] = []
    const slow: string[] = []
    const requester = createRequester({
      clock: systemClock,
      opener: network.opener,
      chainId: TEST_CHAIN_ID,
      onFailure: ({ failure }) => void failed.push(failure.code)
    })
    const fetcher = createBlockFetcher({
      clock: systemClock,
      blocks: {
        request: requester.request,
        verify: ({ version, message }) =>
          verifyBlockMessage({ chainId: TEST_CHAIN_ID, schedule }, version, message),
        onFalse: (failure) => void blamed.push(failure)
      },
      peers: () => network.connected(),
      onSlow: (peer) => void slow.push(peer)
    })
    const held = new Map<Hex, SignedBlock>()
    const heights = new Set<bigint>()
    const target = chain[GAP_BLOCKS]!
    held.set(target.hash, target)
    const accepted = {
      acceptedBlock: (hash: Hex) => held.get(hash),
      isHeldAt: (number: bigint) => heights.has(number),
      async accept(blocks: readonly SignedBlock[]) {
        for (const block of blocks) {
          held.set(block.hash, block)
          heights.add(block.number)
        }
        return Promise.resolve()
      }
    }
    const from = new Map<string, number>()
    const outcome = await fillGap(
      { accepted, fetcher },
      { floor: genesis, target, signal: AbortSignal.timeout(30_000) },
      { onFetched: ({ peer, blocks }) => from.set(peer, (from.get(peer) ?? 0) + blocks.length) }
    )
    assert.ok(
      outcome.kind === 'linked',
      JSON.stringify(outcome, (_, value: unknown) => String(value))
    )
    assert.deepEqual(
      outcome.path,
      chain.map(({ hash }) => hash)
    )
    const peers = network.connected()
    return { from: peers.map((peer) => from.get(peer) ?? 0), blamed, failed, slow, peers }
  }

  it('comes from three peers at once, each block once', async () => {
    const { from, blamed, failed } = await fetchGap([undefined, undefined, undefined])
    assert.equal(from.length, 3)
    assert.ok(
      from.every((count) => count > 0),
      from.join(' ')
    )
    assert.equal(
      from.reduce((sum, count) => sum + count),
      GAP_BLOCKS
    )
    assert.deepEqual([blamed, failed], [[], []])
  }).timeout(40_000)

  it('is not held by a peer that never answers, which is named', async () => {
    const silent = () => new Promise<void>(() => undefined)
    const { from, blamed, slow, peers } = await fetchGap([silent, undefined, undefined])
    assert.equal(from[0], 0)
    assert.deepEqual(new Set(slow), new Set([peers[0]]))
    assert.deepEqual(blamed, [])
  }).timeout(40_000)

  it('is not held by a peer that resets its streams, or by one that sends garbage', async () => {
    const reset = async (stream: ByteStream) => {
      stream.abort(new Error('no'))
      return Promise.resolve()
    }
    const garbage = async (stream: ByteStream) => {
      await stream.write(new Uint8Array(100).fill(9))
      await stream.closeWrite()
    }
    const { from, failed } = await fetchGap([reset, garbage, undefined])
    assert.deepEqual(from, [0, 0, GAP_BLOCKS])
    assert.ok(failed.includes('stream-reset') && failed.includes('response-malformed'))
  }).timeout(40_000)

  it('is closed to a peer that is refused, in both directions', async () => {
    const first = await start()
    const second = await start((peer) => peer === first.network.peerId)
    const address = (network: Network) => multiaddr(network.multiaddrs()[0] ?? '')
    await assert.rejects(second.host.dial(address(first.network)))
    await first.host.dial(address(second.network)).catch(() => undefined)
    await until('the connection is closed', () => first.network.connected().length === 0)
    assert.deepEqual(second.network.connected(), [])
  })
})
