// What a fake node answers: the request's bytes in, the response's bytes out, every rule kept.
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { encodeChunk } from '../../../protocols/framing/chunk.ts'
import { SIGNED_TIP, type SignedTip } from '../../../protocols/signed-tip/codec.ts'
import { STATUS } from '../../../protocols/status/codec.ts'
import { toHex } from '../block-maker.ts'
import { type ProtocolName } from '../frames.ts'
import { FAKE_CHAIN_ID, FAKE_GENESIS, type FakeBlock } from './fake-chain.ts'

/** Answers of one fake node. */
export type FakeAnswers = Readonly<Record<ProtocolName, (request: Uint8Array) => Uint8Array>>

const CHUNK_MAX_BYTES = 2 ** 24

/** A chunk of result 0. */
export function okChunk(bytes: Uint8Array, version = 0): Uint8Array {
  return encodeChunk({ result: 'ok', version, bytes }, CHUNK_MAX_BYTES)
}

/** A chunk of result 1 or 2. */
export function refusal(result: 'unavailable' | 'invalid-request', reason: string): Uint8Array {
  return encodeChunk({ result, reason }, CHUNK_MAX_BYTES)
}

/** The status of a fake: a backup that holds the whole chain. */
export function fakeStatus(chain: readonly FakeBlock[]): Uint8Array {
  const head = chain.at(-1)!
  return STATUS.request.encode({
    chainId: FAKE_CHAIN_ID,
    genesisHash: FAKE_GENESIS,
    forkDigest: new Uint8Array(4),
    role: 'backup',
    unsafeNumber: head.number,
    unsafeHash: head.hash,
    acceptedNumber: head.number,
    acceptedHash: head.hash,
    oldestBlock: 1n,
    oldestState: 0n,
    newestState: head.number,
    oldestDiff: undefined,
    replicatedNumber: undefined,
    clockMs: BigInt(Date.now())
  })
}

/** Sound answers over a chain; `extra` holds blocks that came by gossip. */
export function soundAnswers(
  chain: readonly FakeBlock[],
  extra: ReadonlyMap<bigint, FakeBlock>
): FakeAnswers {
  return {
    status: (request) =>
      decoded(
        () => STATUS.request.decode(request),
        () => okChunk(fakeStatus(chain))
      ),
    signed_tip: (request) =>
      decoded(
        () => SIGNED_TIP.request.decode(request),
        ({ number, hash }) => {
          const tip = answerTip([...chain, ...extra.values()], number, hash)
          if (tip === undefined) return refusal('unavailable', 'another genesis')
          return okChunk(SIGNED_TIP.chunk.encode(tip).bytes)
        }
      ),
    blocks_by_range: (request) =>
      decoded(
        () => BLOCKS_BY_RANGE.request.decode(request),
        ({ start, count, maxBytes }) => serveRange(chain, start, count, maxBytes)
      )
  }
}

/** Blocks from start on, within count and bytes. */
export function serveRange(
  chain: readonly FakeBlock[],
  start: bigint,
  count: bigint,
  maxBytes: number
): Uint8Array {
  const from = chain.filter(({ number }) => number >= start && number < start + count)
  if (from.length === 0) return refusal('unavailable', 'not held')
  let sum = 0
  const fitting = from.filter(({ message }, at) => {
    sum += message.length
    return at === 0 || sum <= maxBytes
  })
  return Buffer.concat(fitting.map(({ message, version }) => okChunk(message, version)))
}

function answerTip(
  held: readonly FakeBlock[],
  number: bigint,
  hash: Uint8Array
): SignedTip | undefined {
  const asked = toHex(hash)
  if (number === 0n && asked !== toHex(FAKE_GENESIS)) return undefined
  const beside = held.find((block) => block.number === number)
  const highest = held.reduce((one, other) => (other.number > one.number ? other : one))
  if (beside !== undefined && toHex(beside.hash) !== asked)
    return { relation: 'conflict', ...wire(beside) }
  if (highest.number > number) return { relation: 'ahead', ...wire(highest) }
  return beside === undefined ? { relation: 'behind', ...wire(highest) } : { relation: 'same' }
}

function wire({ version, message }: FakeBlock) {
  return { version, message }
}

function decoded<Request>(
  decode: () => Request,
  answer: (request: Request) => Uint8Array
): Uint8Array {
  let request: Request
  try {
    request = decode()
  } catch {
    return refusal('invalid-request', 'it does not decode')
  }
  return answer(request)
}
