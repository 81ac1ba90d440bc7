// Networks over real TCP that keep what they hear; each test ends those that it started.
import assert from 'node:assert/strict'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type ReceivedMessage, type Verdict } from '../../src/gossip/block-gossip.ts'
import { type Host, startHost } from '../../src/net/host.ts'
import { createNetwork, type Network } from '../../src/net/network.ts'
import { generatePeerKey, type PeerKey } from '../../src/net/peer-key.ts'

/** One started network. */
export interface Running {
  readonly host: Host
  readonly network: Network
  /** Each message as it was judged, once. */
  readonly received: ReceivedMessage[]
  stop(): Promise<void>
}

/** What one is started with. */
export interface StartOptions {
  readonly peerKey?: PeerKey
  readonly listen?: string
  readonly verdict?: () => Verdict
}

/** Call inside `describe`: what `start` starts is stopped after each test. */
export function useNetworks(chainId: bigint) {
  const running: Running[] = []

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()))
  })

  async function start(
    peers: readonly string[] = [],
    { peerKey, listen = '/ip4/127.0.0.1/tcp/0', verdict = () => 'accept' }: StartOptions = {}
  ): Promise<Running> {
    const options = {
      peerKey: peerKey ?? (await generatePeerKey()),
      listen,
      peers,
      chainId,
      seenTtlMs: 65_000,
      agentVersion: 'rekindle/test'
    }
    const host = await startHost(options)
    const network = createNetwork({ clock: systemClock, log: silentLog, host }, options)
    const received: ReceivedMessage[] = []
    network.mesh.listen((message) => {
      received.push(message)
      return verdict()
    })
    const abort = new AbortController()
    const life = network.run(abort.signal)
    const one = {
      host,
      network,
      received,
      async stop() {
        abort.abort()
        await life
        await network.stop()
      }
    }
    running.push(one)
    return one
  }

  return { start, running }
}

/** Where others reach it, with its peer id. */
export function addressOf({ network }: Running): string {
  const [address] = network.multiaddrs()
  assert.ok(address !== undefined)
  return address
}

/** Finds a message among those received. */
export function sameAs(message: Uint8Array) {
  return ({ compressed }: ReceivedMessage) => Buffer.compare(compressed, message) === 0
}
