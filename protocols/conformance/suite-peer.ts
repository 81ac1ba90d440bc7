// Peers of the suite with a connection to the node, and what the command line says of it.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type Connection } from '@libp2p/interface'
import { ask, type Asked } from './asking.ts'
import { type Answer, contentsOf } from './frames.ts'
import { GossipPeer, GossipPort } from './gossip-peer.ts'
import { type RawStatus, readRawStatus } from './raw-status.ts'
import {
  dialNode,
  startSuiteHost,
  stopSuiteHost,
  type SuiteHost,
  type SuiteHostOptions
} from './suite-host.ts'
import { NotRun } from './verdict.ts'

/** What the command line says of the node. */
export interface SubjectOptions {
  /** Multiaddr, with or without a peer id. */
  readonly target: string
  readonly chainId: bigint
  /** Learnt from the node's status when left out. */
  readonly genesisHash?: Uint8Array | undefined
  /** The key that signs the chain's blocks; without it the suite can make none. */
  readonly signerKey?: Uint8Array | undefined
  /** What the node's fork digest has to be. */
  readonly forkDigest?: Uint8Array | undefined
  readonly preset: 'op' | 'opbnb'
  /** Addresses whose signatures the chain's blocks may bear; that of the key when left out. */
  readonly signers?: readonly string[] | undefined
  /** How long an answer may take, and how long the suite looks for what must not come. */
  readonly patienceMs: number
}

/** A peer of the suite with a connection to the node. */
export interface SuitePeer {
  readonly host: SuiteHost
  readonly connection: Connection
  readonly ask: (asked: Asked, withinMs?: number) => Promise<Answer>
}

/** Runs with a new peer of the suite, connected; it is gone afterwards. */
export async function withPeer<T>(
  { target, chainId, patienceMs }: SubjectOptions,
  run: (peer: SuitePeer) => Promise<T>,
  hostOptions: SuiteHostOptions = {}
): Promise<T> {
  const host = await startSuiteHost(hostOptions)
  try {
    const connection = await dialNode(host, target)
    return await run({
      host,
      connection,
      ask: (asked, withinMs = patienceMs) => ask(connection, chainId, asked, withinMs)
    })
  } finally {
    await stopSuiteHost(host)
  }
}

/** Runs with a new peer that gossips too; it is gone afterwards. */
export async function withGossipPeer<T>(
  options: SubjectOptions,
  run: (peer: SuitePeer, gossip: GossipPeer) => Promise<T>
): Promise<T> {
  const port = new GossipPort()
  return withPeer(
    options,
    async (peer) => run(peer, await GossipPeer.join(port, peer.connection, options.chainId)),
    { register: (host) => port.register(host) }
  )
}

/** Asks each with a new peer, so that none pays for another's faults. */
export async function askEach(
  { options }: { readonly options: SubjectOptions },
  asked: readonly Asked[]
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const one of asked) answers.push(await withPeer(options, (peer) => peer.ask(one)))
  return answers
}

/** The node's status, asked for by a new peer with its own; throws NotRun when it gives none that can be read. */
export async function readStatus(options: SubjectOptions, bytes: Uint8Array): Promise<RawStatus> {
  const asked = { protocol: 'status', what: 'a status', bytes } as const
  const answer = await withPeer(options, (peer) => peer.ask(asked))
  const [content] = contentsOf(answer)
  if (content === undefined) throw new NotRun('the node gives no status that can be read')
  return readRawStatus(content)
}

/** A key for a peer that comes back. */
export async function newPeerKey() {
  return generateKeyPair('secp256k1')
}
