// GO: messages that a node refuses: a second peer of the suite must not see them.
import { compressBlock } from '../../snappy-block.ts'
import { blocksTopic } from '../../gossip/topic.ts'
import { type BlockPlan, keccak256, makeBlock } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import {
  expectNotForwarded,
  maxAgeSeconds,
  nowSeconds,
  publishedBlock,
  publishPlan,
  soundPlan
} from '../gossip-trial.ts'
import { type WireMessage } from '../gossip-wire.ts'
import { type Subject } from '../subject.ts'

const MARGIN_SECONDS = 3n
const OTHER_KEY = keccak256(Uint8Array.of(0x6f))

/** Cases of protocols/gossip with one message each, that must not be passed on. */
export const GOSSIP_REFUSAL_CASES: readonly ConformanceCase[] = [
  {
    id: 'GO-3 author',
    rules: ['GO-3'],
    title: 'does not pass on a message with author, number and signature',
    run: checkAuthor
  },
  refused('GO-4', 'a framed snappy stream', (subject, key) => framed(subject, key)),
  refused('GO-5', 'a block that claims 1 GiB', (subject) =>
    oneOf(subject, claim([0x80, 0x80, 0x80, 0x80, 0x04]))
  ),
  refused('GO-5', 'a block of 65 bytes', (subject) =>
    oneOf(subject, compressBlock(new Uint8Array(65)))
  ),
  refused('GO-7', 'bytes that are no snappy', (subject) =>
    oneOf(subject, new Uint8Array(200).fill(0xff))
  ),
  refused('GO-9', 'a signature of another key', (subject) =>
    publishPlan(subject, soundPlan(subject), { key: OTHER_KEY })
  ),
  refused('GO-9', 'v 27', async (subject, key) => {
    const message = await makeBlock(soundPlan(subject), { key, chainId: subject.chainId })
    message[64] = message[64]! + 27
    return publishedBlock(subject.chainId, 3, message)
  }),
  refused('GO-10', 'a message of another version', async (subject, key) => {
    const message = await makeBlock(
      { ...soundPlan(subject), version: 0 },
      { key, chainId: subject.chainId }
    )
    return publishedBlock(subject.chainId, 3, message)
  }),
  refusedPlan(
    'GO-11',
    'a block that is too old',
    (subject) => ({
      timestamp: nowSeconds() - maxAgeSeconds(subject) - MARGIN_SECONDS
    }),
    ['GO-18']
  ),
  refusedPlan(
    'GO-11',
    'a block too far ahead',
    () => ({ timestamp: nowSeconds() + 5n + MARGIN_SECONDS }),
    ['GO-18']
  ),
  refusedPlan('GO-12', 'a false block hash', () => ({ blockHash: keccak256(Uint8Array.of(1)) })),
  refusedPlan('GO-13', 'excess blob gas', () => ({ payload: { excessBlobGas: 131_072n } })),
  refusedPlan('GO-21', 'blob gas', () => ({ payload: { blobGasUsed: 131_072n } })),
  refusedPlan('GO-22', 'a block of number 0', () => ({ payload: { blockNumber: 0n } })),
  refusedPlan('GO-13', 'a withdrawal', () => ({
    payload: {
      withdrawals: [{ index: 0n, validatorIndex: 0n, address: new Uint8Array(20), amount: 1n }]
    }
  }))
]

function refused(
  rule: string,
  what: string,
  build: (subject: Subject, key: Uint8Array) => Promise<WireMessage> | WireMessage
): ConformanceCase {
  return {
    id: `${rule} ${what}`,
    rules: [rule],
    title: `does not pass on ${what}`,
    run: (subject) =>
      expectNotForwarded(subject, async (key) => [await build(subject, key)], { needsKey: false })
  }
}

function refusedPlan(
  rule: string,
  what: string,
  change: (subject: Subject) => Partial<BlockPlan>,
  more: readonly string[] = []
): ConformanceCase {
  return {
    id: `${rule} ${what}`,
    rules: [rule, ...more],
    title: `does not pass on ${what}`,
    run: (subject) =>
      expectNotForwarded(subject, async () => {
        return [await publishPlan(subject, { ...soundPlan(subject), ...change(subject) })]
      })
  }
}

function oneOf({ chainId }: Subject, bytes: Uint8Array): WireMessage {
  return { topic: blocksTopic(chainId, 3), data: bytes }
}

/** A snappy block of this length, as it claims, with little behind it. */
function claim(length: readonly number[]): Uint8Array {
  return Uint8Array.of(...length, ...new Uint8Array(100))
}

async function framed(subject: Subject, key: Uint8Array): Promise<WireMessage> {
  const message = await makeBlock(soundPlan(subject), { key, chainId: subject.chainId })
  const header = Uint8Array.of(0xff, 6, 0, 0, ...Buffer.from('sNaPpY'))
  const body = compressBlock(message)
  const length = body.length + 4
  const chunk = Uint8Array.of(0, length & 0xff, length >> 8, 0, 0, 0, 0, 0, ...body)
  return oneOf(subject, Uint8Array.of(...header, ...chunk))
}

async function checkAuthor(subject: Subject): Promise<void> {
  await expectNotForwarded(subject, async () => {
    const sound = await publishPlan(subject, soundPlan(subject))
    const author = { from: Uint8Array.of(0, 2, 1, 2), seqno: new Uint8Array(8) }
    return [{ ...sound, ...author, signature: new Uint8Array(64).fill(1) }]
  })
}
