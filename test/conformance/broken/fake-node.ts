// A fake node: what the suite needs to see of one, with a switch or a function for everything that can break.
import { setTimeout as delay } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type Connection, type Libp2p, type Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { ChunkParser } from '../../../protocols/framing/chunk-parser.ts'
import { STATUS, type Status } from '../../../protocols/status/codec.ts'
import { requestProtocol } from '../../../protocols/conformance/asking.ts'
import { toHex } from '../../../protocols/conformance/block-maker.ts'
import { limitsOf, type ProtocolName } from '../../../protocols/conformance/protocol-facts.ts'
import { withPatience } from '../../../protocols/conformance/patience.ts'
import { readRawStatus } from '../../../protocols/conformance/raw-status.ts'
import { StreamReader } from '../../../protocols/conformance/raw-stream.ts'
import { startSuiteHost } from '../../../protocols/conformance/suite-host.ts'
import { type FakeAnswers, fakeStatus, soundAnswers } from './fake-answers.ts'
import { refusal } from './fake-frames.ts'
import {
  type ChainFault,
  FAKE_CHAIN_ID,
  FAKE_GENESIS,
  type ChainBlock,
  type FakeBlock,
  makeFakeChain
} from './fake-chain.ts'
import { type GossipFaults, serveGossip, SOUND_GOSSIP } from './fake-gossip.ts'
import { type PayloadAnswer, servePayload, servePayloads } from './fake-payloads.ts'
import { type FakeState, makeFakeState } from './fake-state.ts'
import { walkBack, type WalkFaults } from './fake-walk.ts'

/** What is wrong with a fake; nothing, when empty. */
export interface FakeFaults {
  readonly keyType?: 'secp256k1' | 'Ed25519'
  readonly chain?: ChainFault
  readonly answers?: (
    sound: FakeAnswers,
    chain: readonly ChainBlock[],
    state: FakeState
  ) => Partial<FakeAnswers>
  readonly gossip?: Partial<GossipFaults>
  /** What it answers to payload_by_number. */
  readonly payloads?: PayloadAnswer
  /** Chains besides its own whose ids it serves. */
  readonly otherChains?: readonly bigint[]
  readonly waitsForClose?: boolean
  readonly staysConnected?: boolean
  readonly keepsOlder?: boolean
  /** As a client: does not send its status, or does not close its side after it. */
  readonly client?: 'silent' | 'never closing'
  readonly walk?: WalkFaults
  /** What it reads from the answer to its status. */
  readonly readAnswer?: (bytes: Uint8Array) => Pick<Status, 'chainId' | 'genesisHash'> | undefined
}

/** A fake that runs. */
export interface FakeNode {
  readonly multiaddr: string
  stop(): Promise<void>
}

const REQUEST_TIMEOUT_MS = 3_000
const CLIENT_TIMEOUT_MS = 5_000
const STATUS_INTERVAL_MS = 1_000

/** Starts a fake; it dials `peer` for as long as it runs. */
export async function startFakeNode(faults: FakeFaults, peer?: string): Promise<FakeNode> {
  const host = await startSuiteHost({
    privateKey: await generateKeyPair(faults.keyType ?? 'secp256k1'),
    listen: '/ip4/127.0.0.1/tcp/0'
  })
  const state = await makeFakeState()
  const chain = await makeFakeChain(state, faults.chain)
  const extra = new Map<bigint, FakeBlock>()
  const sound = soundAnswers(chain, extra, state)
  const answers = { ...sound, ...faults.answers?.(sound, chain, state) }
  for (const chainId of [FAKE_CHAIN_ID, ...(faults.otherChains ?? [])]) {
    for (const protocol of Object.keys(answers) as ProtocolName[]) {
      await host.handle(requestProtocol(protocol, chainId), async (stream, connection) => {
        await serve({ host, faults, protocol, answer: answers[protocol] }, stream, connection)
      })
    }
  }
  await servePayloads(host, chain, faults.payloads ?? servePayload)
  await serveGossip(host, { ...SOUND_GOSSIP, ...faults.gossip }, extra)
  const ending = new AbortController()
  const dialling =
    peer === undefined ? undefined : dialOn(host, peer, { faults, chain, extra, ending })
  return {
    multiaddr: String(host.getMultiaddrs()[0]),
    async stop() {
      ending.abort()
      await host.stop()
      await dialling
    }
  }
}

interface Serving {
  readonly host: Libp2p
  readonly faults: FakeFaults
  readonly protocol: ProtocolName
  readonly answer: (request: Uint8Array) => Uint8Array
}

async function serve(
  { host, faults, protocol, answer }: Serving,
  stream: Stream,
  connection: Connection
): Promise<void> {
  try {
    if (protocol === 'signed_tip' && faults.keepsOlder !== true) {
      for (const other of host.getConnections(connection.remotePeer)) {
        if (other !== connection) other.abort(new Error('the peer has a newer connection'))
      }
    }
    const { requestMaxBytes } = limitsOf(protocol)
    const maxBytes = faults.waitsForClose === true ? Infinity : requestMaxBytes
    const request = await readRequest(stream, maxBytes)
    const isTooLong = request.length > requestMaxBytes
    const response = isTooLong ? refusal('invalid-request', 'too long') : answer(request)
    stream.send(response)
    await withPatience(REQUEST_TIMEOUT_MS, (signal) => stream.close({ signal }))
    const isAnswered = protocol === 'status' && response[0] === 0
    if (!isAnswered || faults.staysConnected === true) return
    if (isOther(readRawStatus(request))) await connection.close()
  } catch (thrown) {
    stream.abort(thrown instanceof Error ? thrown : new Error('failed'))
  }
}

async function readRequest(stream: Stream, maxBytes: number): Promise<Uint8Array> {
  const reader = new StreamReader(stream)
  let request: Uint8Array = new Uint8Array()
  while (request.length <= maxBytes) {
    const bytes = await reader.next()
    if (bytes === undefined) break
    request = Buffer.concat([request, bytes])
  }
  return new Uint8Array(request)
}

function isOther({ chainId, genesisHash }: Pick<Status, 'chainId' | 'genesisHash'>): boolean {
  return chainId !== FAKE_CHAIN_ID || toHex(genesisHash) !== toHex(FAKE_GENESIS)
}

interface Dialling {
  readonly faults: FakeFaults
  readonly chain: readonly ChainBlock[]
  readonly extra: Map<bigint, FakeBlock>
  readonly ending: AbortController
}

async function dialOn(host: Libp2p, peer: string, fake: Dialling): Promise<void> {
  const { signal } = fake.ending
  while (!signal.aborted) await dialOnce(host, peer, fake)
}

/** Ends with the connection: `lost` when the suite is gone, or closed it while the fake spoke. */
async function dialOnce(host: Libp2p, peer: string, fake: Dialling): Promise<'closed' | 'lost'> {
  const { signal } = fake.ending
  try {
    const connection = await host.dial(multiaddr(peer), { signal })
    const closed = new Promise<void>((resolve) => {
      connection.addEventListener('close', () => {
        resolve()
      })
    })
    while ((await sendStatus(connection, fake.faults, fake.chain)) === 'unreadable') {
      await delay(STATUS_INTERVAL_MS, undefined, { signal })
    }
    if (fake.faults.client === undefined) {
      await walkBack(connection, fake.chain, fake.extra, fake.faults.walk ?? { skipped: [] })
    }
    await closed
    return 'closed'
  } catch {
    return 'lost'
  }
}

/** Sends it once, and closes the connection to a peer of another chain. */
async function sendStatus(
  connection: Connection,
  faults: FakeFaults,
  chain: readonly ChainBlock[]
): Promise<'read' | 'unreadable'> {
  if (faults.client === 'silent') return 'read'
  const id = requestProtocol('status', FAKE_CHAIN_ID)
  const stream = await connection.newStream(id)
  const reader = new StreamReader(stream)
  stream.send(fakeStatus(chain))
  if (faults.client !== 'never closing') await stream.close()
  const { bytes } = await reader.all(CLIENT_TIMEOUT_MS)
  const theirs = (faults.readAnswer ?? readSoundly)(bytes)
  if (theirs === undefined) return 'unreadable'
  if (isOther(theirs)) await connection.close()
  return 'read'
}

/** The first status in a response that breaks no rule before its end. */
function readSoundly(bytes: Uint8Array): Status | undefined {
  try {
    const parser = new ChunkParser(STATUS.limits)
    const [first] = [...parser.push(bytes)]
    parser.end()
    return first?.result === 'ok' ? STATUS.chunk.decode(first.version, first.bytes) : undefined
  } catch {
    return undefined
  }
}
