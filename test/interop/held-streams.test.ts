// Strangers that hold every stream they can get at a backup, while its sequencer comes back without a directory.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { rm } from 'node:fs/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import { protocolId } from '../../protocols/protocol-def.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type LogFields, silentLog } from '../../src/base/log.ts'
import { startHost } from '../../src/net/host.ts'
import { createNetwork, type Network } from '../../src/net/network.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { isGateOpen, useLiveChain } from '../support/live-chain.ts'
import { type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { until } from '../support/until.ts'

const CHAIN_ID = 901n
const BLOCKS = 20
const STRANGERS = 17
/** As many as one peer gets in a lane; together they want more than there are. */
const STREAMS_EACH = 4
/** After one that was refused: they share the processor of this process with the nodes. */
const PAUSE_MS = 100
/** Far below what the strangers can hold out; a quiet machine takes 2 s. */
const GATE_WITHIN_MS = 30_000
const HELD = protocolId(BLOCKS_BY_RANGE, CHAIN_ID)
const WAIT = { withinMs: 40_000 }

/** What a stranger's streams came to. */
interface Seen {
  held: number
  bytes: number
  last: unknown
}

interface Status {
  readonly head: { readonly number: number }
}

const statusOf = async (node: StartedNode) => (await node.call('rekindle_status')) as Status

describe('strangers that hold streams', function () {
  this.timeout(120_000)
  const networks: Network[] = []
  let stop = new AbortController()
  afterEach('stop the strangers', async () => {
    stop.abort()
    await Promise.all(networks.splice(0).map((network) => network.stop()))
  })
  const chain = useLiveChain()

  async function connect(nodes: readonly LiveNode[]): Promise<Network> {
    const options = {
      peerKey: await generatePeerKey(),
      listen: undefined,
      peers: [],
      chainId: CHAIN_ID,
      seenTtlMs: 65_000,
      agentVersion: 'stranger/1'
    }
    const host = await startHost(options)
    const network = createNetwork({ clock: systemClock, log: silentLog, host }, options)
    networks.push(network)
    for (const node of nodes) await host.dial(multiaddr(node.multiaddr))
    return network
  }

  /** Opens the stream, says nothing, and takes the next one when that ends. Counts what was refused with a wait. */
  async function hold({ opener }: Network, peerId: string, seen: Seen) {
    while (!stop.signal.aborted) {
      const startedMs = performance.now()
      try {
        const stream = await opener.open(peerId, HELD, stop.signal)
        seen.held += 1
        // Whatever comes, refusals too, is read and answered by nothing.
        for await (const part of stream.source) seen.bytes += part.length
      } catch (thrown) {
        seen.last = thrown // reset, or more than one connection may have
      }
      if (performance.now() - startedMs < PAUSE_MS) await systemClock.sleep(PAUSE_MS)
    }
  }

  it('keep no sequencer that lost its directory from its backups, and an honest stranger has its turn', async () => {
    stop = new AbortController()
    setMaxListeners(0, stop.signal)
    const live = await chain.create({ agoSeconds: BLOCKS })
    const places = await Promise.all(['seq', 'one'].map((name) => live.place(name)))
    const [seq, ...backups] = places as [LiveNode, LiveNode]
    const config = { role: 'sequencer', backups: backups.map(peerOf) } as const
    const followers = await Promise.all(
      backups.map((backup) => live.start(backup, { role: 'backup', peers: [peerOf(seq)] }))
    )
    // Without a quorum: the quiet round of a first start is not what is tested.
    const first = await live.start(seq, { ...config, quorum: 'none' })
    for (const follower of followers) {
      await until(
        'the blocks',
        async () => (await statusOf(follower)).head.number >= BLOCKS - 5,
        WAIT
      )
    }
    await first.stop()
    await rm(seq.dataDir, { recursive: true })

    const seen: Seen = { held: 0, bytes: 0, last: undefined }
    const strangers: Network[] = []
    while (strangers.length < STRANGERS) strangers.push(await connect(backups))
    const holding = strangers.flatMap((network) =>
      backups.flatMap(({ peerKey: { peerId } }) =>
        Array.from({ length: STREAMS_EACH }, async () => hold(network, peerId, seen))
      )
    )
    await until('they hold what they can', () => seen.held >= 64, WAIT)

    const startedMs = performance.now()
    const refusals: unknown[] = []
    const debug = (event: string, fields?: LogFields) => {
      const isRefusal = fields?.code === 'stream-reset' || fields?.code === 'rate-limited'
      if (event === 'request-failed' && isRefusal) refusals.push(fields)
    }
    const again = await live.start(seq, config, { ...silentLog, debug })
    await until('the gate opens', () => isGateOpen(again), {
      withinMs: GATE_WITHIN_MS
    })
    const tookMs = Math.round(performance.now() - startedMs)
    assert.ok((await statusOf(again)).head.number >= BLOCKS - 5, `after ${String(tookMs)} ms`)
    assert.deepEqual(refusals, [], 'its requests had their places')

    const [backup] = backups
    const honest = await connect([backup])
    const failures: string[] = []
    const { request } = createRequester({
      clock: systemClock,
      opener: honest.opener,
      chainId: CHAIN_ID,
      onFailure: ({ failure }) => void failures.push(failure.code)
    })
    const range = { start: 1n, count: 10n, maxBytes: 2 ** 20 }
    const ask = async () => {
      let count = 0
      try {
        for await (const block of request(
          backup.peerKey.peerId,
          BLOCKS_BY_RANGE,
          range,
          stop.signal
        ))
          count += block.message.length > 0 ? 1 : 0
        return count
      } catch (thrown) {
        if (!(thrown instanceof RequestError) || thrown.failure.code !== 'rate-limited')
          throw thrown
        await systemClock.sleep(thrown.failure.retryAfterMs)
        return undefined
      }
    }
    assert.equal(await until('its turn', ask, { withinMs: 20_000 }), 10)
    assert.ok(
      failures.every((code) => code === 'rate-limited'),
      failures.join(' ')
    )
    stop.abort()
    await Promise.all(holding)
  })
})
