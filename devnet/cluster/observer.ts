// The checkers' peer on the real network: keeps every signed block it hears, and asks nodes for their tips.
import { multiaddr } from '@multiformats/multiaddr'
import { OP_PRESET } from '../../protocols/gossip/parameters.ts'
import { blocksTopic, TOPIC_VERSIONS } from '../../protocols/gossip/topic.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../src/chain/blocks/verify-message.ts'
import { type ReceivedMessage, type Verdict } from '../../src/gossip/block-gossip.ts'
import { createBlockValidator } from '../../src/gossip/block-validation.ts'
import { type Host, startHost } from '../../src/net/host.ts'
import { createNetwork } from '../../src/net/network.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { type PeerBlocksDeps, requestTip } from '../../src/sync/fetching/peer-blocks.ts'
import { parseBlocksTopic } from '../../protocols/gossip/topic.ts'
import { type Observer, type ObserverOptions } from './observer-port.ts'

const TIP_TIMEOUT_MS = 10_000
const DIAL_TIMEOUT_MS = 5_000

/** Starts listening on a loopback port of the system's choice; knows nobody until `connect`. */
export async function createObserver(options: ObserverOptions): Promise<Observer> {
  const { chainId } = options
  const hostOptions = {
    peerKey: await generatePeerKey(),
    listen: '/ip4/127.0.0.1/tcp/0',
    peers: [],
    chainId,
    seenTtlMs: OP_PRESET.seenTtlMs,
    agentVersion: 'rekindle-observer'
  }
  const host = await startHost(hostOptions)
  const network = createNetwork({ clock: systemClock, log: silentLog, host }, hostOptions)
  const stop = new AbortController()
  const life = network.run(stop.signal)
  const requests = createRequests(options, network.opener)
  const known = new Set<string>()
  const dial = (address: string) =>
    host.dial(multiaddr(address), { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) })
  network.mesh.listen(judgeAndKeep(options))
  const topics = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
  return {
    multiaddr: network.multiaddrs()[0] ?? '',
    async connect(address) {
      known.add(address)
      await dial(address)
    },
    async tip(address) {
      await dial(address)
      const head = { number: 0n, hash: options.genesisHash }
      const signal = AbortSignal.timeout(TIP_TIMEOUT_MS)
      const { peerId } = parsePeer(address)
      try {
        const tip = await requestTip(requests, peerId, head, signal)
        if (tip.relation === 'same') return undefined
        return { number: Number(tip.block.number), hash: tip.block.hash }
      } catch (thrown) {
        if (thrown instanceof RequestError && thrown.failure.code === 'unavailable')
          return undefined
        throw thrown
      }
    },
    async silence() {
      for (const topic of topics) host.services.pubsub.unsubscribe(topic)
      await hangUpAll(host)
    },
    async listenAgain() {
      for (const topic of topics) host.services.pubsub.subscribe(topic)
      await hangUpAll(host) // a new connection begins with the subscriptions
      await Promise.allSettled([...known].map(dial))
    },
    async close() {
      stop.abort()
      await life
      await network.stop()
    }
  }
}

function createRequests(
  { chainId, signer }: ObserverOptions,
  opener: Parameters<typeof createRequester>[0]['opener']
): PeerBlocksDeps {
  const schedule = createSignerSchedule([{ fromBlock: 0n, address: signer }])
  const rules = { chainId, schedule }
  const { request } = createRequester({
    clock: systemClock,
    opener,
    chainId: rules.chainId,
    onFailure: () => undefined
  })
  return {
    request,
    verify: ({ version, message }) => verifyBlockMessage(rules, version, message),
    onFalse: () => undefined
  }
}

/** Judges by the same public rules as everybody, and reports what it accepts. */
function judgeAndKeep({ chainId, signer, onBlock, onRejected }: ObserverOptions) {
  const schedule = createSignerSchedule([{ fromBlock: 0n, address: signer }])
  const validator = createBlockValidator(
    {
      clock: systemClock,
      verify: (version, message) => verifyBlockMessage({ chainId, schedule }, version, message)
    },
    OP_PRESET
  )
  return ({ topic, unpacked, from }: ReceivedMessage): Verdict => {
    const parsed = parseBlocksTopic(topic)
    if (parsed === undefined) return 'ignore'
    const validation = validator.validate(parsed.version, unpacked)
    if (validation.verdict === 'accept') {
      const { number, hash, parentHash } = validation.block
      onBlock({ number: Number(number), hash, parentHash }, from)
    } else if (validation.verdict === 'reject') onRejected(validation.reason, from)
    return validation.verdict
  }
}

async function hangUpAll(host: Host): Promise<void> {
  await Promise.all(host.getPeers().map((peer) => host.hangUp(peer)))
}
