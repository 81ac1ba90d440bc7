// TR: the connection itself.
import { publicKeyToAddress } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { withPatience } from '../patience.ts'
import { signersOf } from '../served-messages.ts'
import { expectRule, RuleBroken } from '../verdict.ts'
import { withPeer } from '../suite-peer.ts'

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
        const signers = signersOf(chainId, survey.messages)
        const isSigner = signers.some(({ signer }) => signer === address)
        expectRule(!isSigner, `${address} signs blocks too`)
      })
  }
]

function broken(thrown: unknown): never {
  throw new RuleBroken(thrown instanceof Error ? thrown.message : 'it failed')
}
