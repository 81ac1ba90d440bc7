// TR: the connection itself.
import { keyToAddress, publicKeyToAddress } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { withPatience } from '../patience.ts'
import { signersOf } from '../served-messages.ts'
import { expectRule, expectSeen, NodeAway, RuleBroken } from '../verdict.ts'
import { readStatus, withPeer } from '../suite-peer.ts'

const ANSWER_TIMEOUT_MS = 5_000

/** Cases of protocols/README.md, "Transport". */
export const TRANSPORT_CASES: readonly ConformanceCase[] = [
  {
    id: 'TR-1 stack',
    rules: ['TR-1'],
    title: 'speaks libp2p over TCP, with noise and yamux',
    run: ({ options }) =>
      withPeer(options, async ({ connection }) => {
        const { encryption, multiplexer, remoteAddr } = connection
        expectRule(encryption === '/noise', `encryption ${String(encryption)}`)
        expectRule(multiplexer === '/yamux/1.0.0', `multiplexer ${String(multiplexer)}`)
        expectRule(remoteAddr.toString().includes('/tcp/'), remoteAddr.toString())
      })
  },
  {
    id: 'TR-2 identify',
    rules: ['TR-2'],
    title: 'answers identify',
    run: ({ options }) =>
      withPeer(options, async ({ host, connection }) => {
        const { protocols } = await withPatience(ANSWER_TIMEOUT_MS, (signal) =>
          host.services.identify.identify(connection, { signal })
        ).catch(broken)
        expectRule(protocols.length > 0, 'it names no protocol')
      })
  },
  {
    id: 'TR-2 ping',
    rules: ['TR-2'],
    title: 'answers ping',
    run: ({ options }) =>
      withPeer(options, async ({ host, connection }) => {
        const tripMs = await withPatience(ANSWER_TIMEOUT_MS, (signal) =>
          host.services.ping.ping(connection.remotePeer, { signal })
        ).catch(broken)
        expectRule(tripMs >= 0, `${String(tripMs)} ms`)
      })
  },
  {
    id: 'TR-3 identity',
    rules: ['TR-3'],
    title: 'has a secp256k1 identity that does not sign blocks',
    run: ({ options, survey, chainId }) =>
      withPeer(options, async ({ connection }) => {
        const { publicKey, type } = connection.remotePeer
        expectRule(type === 'secp256k1' && publicKey !== undefined, `a key of type ${type}`)
        const address = publicKeyToAddress(publicKey.raw)
        const key = options.signerKey
        const signers = [
          ...signersOf(chainId, survey.messages).map(({ signer }) => signer),
          ...(options.signers ?? (key === undefined ? [] : [keyToAddress(key)]))
        ]
        expectSeen(signers.length, 'the node serves no block, and no --signer is named')
        expectRule(!signers.includes(address), `${address} signs blocks too`)
      })
  }
]

/** Run last: what a case did to the node shows here, if nowhere else. */
export const LAST_CASES: readonly ConformanceCase[] = [
  {
    id: 'TR-1 afterwards',
    rules: ['TR-1'],
    title: 'can still be dialled, and answers a status, when all cases have been run',
    isForAwayNode: true,
    run: async ({ options, ownStatus }) => {
      try {
        await readStatus(options, ownStatus())
      } catch (thrown) {
        throw thrown instanceof NodeAway ? new RuleBroken(thrown.message) : thrown
      }
    }
  }
]

function broken(thrown: unknown): never {
  throw new RuleBroken(thrown instanceof Error ? thrown.message : 'it failed')
}
