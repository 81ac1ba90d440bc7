// PN: one block by its height in the OP Stack's own frame.
import { PAYLOAD_BY_NUMBER, toUnsignedPayload } from '../../payload-by-number/codec.ts'
import { protocolId } from '../../protocol-def.ts'
import { type VersionedMessage } from '../../block-message/message-chunk.ts'
import { isTopicVersion } from '../../block-message/codec.ts'
import { decompressFramed } from '../../snappy-framed.ts'
import { SnappyError } from '../../snappy-block.ts'
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { withPatience } from '../patience.ts'
import { type Received, StreamReader } from '../raw-stream.ts'
import { messagesOf } from '../served-messages.ts'
import { type Subject } from '../subject.ts'
import { openStream } from '../suite-host.ts'
import { withPeer } from '../suite-peer.ts'
import { FAR_ABOVE } from '../survey.ts'
import { expectRule, NotRun, RuleBroken } from '../verdict.ts'

const HEAD_BYTES = 5
const CONTENT_MAX_BYTES = 10 * 2 ** 20

/** Cases of protocols/payload-by-number. */
export const PAYLOAD_CASES: readonly ConformanceCase[] = [
  {
    id: 'PN-1 request',
    rules: ['PN-1'],
    title: 'serves no block to a request that is not whole',
    async run(subject) {
      const whole = requestOf(heldBlock(subject).number)
      for (const length of [0, 1, 7]) {
        const { bytes } = await ask(subject, whole.subarray(0, length))
        expectRule(bytes[0] !== 0, `result 0 to ${String(length)} bytes`)
      }
    }
  },
  {
    id: 'PN-2 block',
    rules: ['PN-2', 'PN-3'],
    title: 'serves the block that blocks_by_range serves, without its signature',
    async run(subject) {
      const { number, message } = heldBlock(subject)
      const { bytes, end } = await ask(subject, requestOf(number))
      expectRule(
        bytes[0] === 0,
        `result ${String(bytes[0])} to block ${String(number)}, then ${end}`
      )
      const due = toUnsignedPayload(message)
      const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
      expectRule(version === due.version, `version ${String(version)}`)
      expectRule(end === 'closed', `the stream is ${end} after the payload`)
      const content = readFramed(bytes.subarray(HEAD_BYTES))
      expectRule(toHex(content) === toHex(due.bytes), 'other bytes than those behind the signature')
    }
  },
  {
    id: 'PN-5 not found',
    rules: ['PN-5'],
    title: 'says result 1, and nothing more, to a height that no chain has, and to genesis',
    async run(subject) {
      for (const number of [FAR_ABOVE, 0n]) {
        const { bytes } = await ask(subject, requestOf(number))
        expectRule(
          toHex(bytes) === '0x01',
          `${toHex(bytes.subarray(0, 8))} to block ${String(number)}`
        )
      }
    }
  }
]

function requestOf(number: bigint): Uint8Array {
  return PAYLOAD_BY_NUMBER.request.encode({ number })
}

/** A block that the node served by range. Throws NotRun. */
function heldBlock({ survey }: Subject): {
  readonly number: bigint
  readonly message: VersionedMessage
} {
  const [first] = messagesOf(survey.ranges.get('first'))
  if (first?.block === undefined || !isTopicVersion(first.version)) {
    throw new NotRun('the node serves no block by range')
  }
  const { version, bytes } = first
  return { number: first.block.payload.blockNumber, message: { version, message: bytes } }
}

/** Sends a request of any length with a new peer, and reads the answer. */
async function ask({ options }: Subject, request: Uint8Array): Promise<Received> {
  const { chainId, patienceMs } = options
  const id = protocolId(PAYLOAD_BY_NUMBER, chainId)
  return withPeer(options, async ({ connection }) => {
    const stream = await openStream(connection, id)
    if (stream === undefined) throw new NotRun(`the node does not know ${id}`)
    const reader = new StreamReader(stream)
    if (request.length > 0) stream.send(request)
    await withPatience(patienceMs, (signal) => stream.close({ signal }))
    return reader.all(patienceMs)
  })
}

function readFramed(framed: Uint8Array): Uint8Array {
  try {
    const { content, missingBytes } = decompressFramed(framed, CONTENT_MAX_BYTES)
    expectRule(missingBytes === 0, `${String(missingBytes)} bytes of the framed stream are missing`)
    return content
  } catch (thrown) {
    if (thrown instanceof SnappyError) throw new RuleBroken('no framed snappy stream')
    throw thrown
  }
}
