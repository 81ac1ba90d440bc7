// BM: every block message that the node serves, and those it has to refuse when they are gossiped.
import {
  encodeBlockMessage,
  encodeSignedPart,
  type ExecutionPayload,
  isTopicVersion,
  type TopicVersion
} from '../../block-message/codec.ts'
import { blockHashOf, keyToAddress, planBlock, signBytes, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, expectSeen, NotRun, requireGiven } from '../verdict.ts'
import { expectNotForwarded, publishedBlock, soundPlan } from '../gossip-trial.ts'
import { type Subject } from '../subject.ts'
import { type ServedMessage, signersOf } from '../served-messages.ts'

/** Where the payload's fields stand in a signed part of version 3: after the beacon root. */
const PAYLOAD_AT = 32
const AT = { extraData: 436, transactions: 504, withdrawals: 508 } as const
const FIXED_BYTES = 560
const EXTRA_BYTES = 9

/** Cases of protocols/block-message: every message that the node serves. */
export const MESSAGE_ANSWER_CASES: readonly ConformanceCase[] = [
  onMessages('BM-2', 'signs with v 0 or 1', ({ bytes }) => {
    return (bytes[64] ?? 0) > 1 && `v is ${String(bytes[64])}`
  }),
  onMessages('BM-5', 'serves messages that decode, no byte more or less', (message) => {
    const { block, bytes } = message
    if (block === undefined) return 'it does not decode'
    return toHex(encodeBlockMessage(block)) !== toHex(bytes) && 'it has another encoding too'
  }),
  {
    id: 'BM-11 signer',
    rules: ['BM-10', 'BM-11', 'BR-9', 'BH-6'],
    title: 'serves messages that the chain’s signer signed',
    run: checkSigner
  },
  {
    id: 'BM-12 hash',
    rules: ['BM-12', 'BR-9', 'BH-6'],
    title: 'serves blocks whose hash is that of their header',
    run: async ({ survey }) => {
      let seenCount = 0
      for (const { block, what } of takeMessages(survey)) {
        if (block === undefined) continue
        seenCount++
        const { blockHash, blockNumber } = block.payload
        const isRight = toHex(await blockHashOf(block)) === toHex(blockHash)
        expectRule(isRight, `${what}: block ${String(blockNumber)} has another hash`)
      }
      expectSeen(seenCount, 'no message decodes')
    }
  },
  {
    id: 'BM-13 milliseconds',
    rules: ['BM-13'],
    title: 'keeps milliseconds from 0 to 999 on a chain of preset opbnb',
    run: async ({ options, survey }) => {
      if (options.preset !== 'opbnb') throw new NotRun('preset op has whole seconds')
      let seenCount = 0
      for (const { block } of takeMessages(survey)) {
        const randao = block?.payload.prevRandao
        if (randao?.[2] !== 1) continue
        seenCount++
        const milliseconds = ((randao[0] ?? 0) << 8) | (randao[1] ?? 0)
        expectRule(milliseconds < 1000, `${String(milliseconds)} ms`)
      }
      expectSeen(seenCount, 'no block has milliseconds')
    }
  }
]

/** Messages that a node has to refuse when they are gossiped. */
export const MESSAGE_GOSSIP_CASES: readonly ConformanceCase[] = [
  gossiped('BM-5', 'a byte too many', (signed) => Uint8Array.of(...signed, 0)),
  gossiped('BM-6', 'extraData elsewhere', (signed) => moved(signed, AT.extraData, FIXED_BYTES + 1)),
  gossiped('BM-6', 'withdrawals before transactions', (signed) => {
    return moved(signed, AT.withdrawals, FIXED_BYTES + EXTRA_BYTES - 1)
  }),
  gossiped(
    'BM-7',
    'extraData of 33 bytes',
    (signed) => inserted(signed, 33 - EXTRA_BYTES),
    ({ extraData }) => ({
      extraData: Uint8Array.of(...extraData, ...new Uint8Array(33 - EXTRA_BYTES))
    })
  ),
  gossiped('BM-8', 'a first transaction offset of 0', (signed) => {
    const bytes = Uint8Array.of(...signed, 0, 0, 0, 0)
    return moved(bytes, AT.withdrawals, FIXED_BYTES + EXTRA_BYTES + 4)
  }),
  gossiped('BM-9', 'seventeen withdrawals', (signed) => {
    return Uint8Array.of(...signed, ...new Uint8Array(17 * 44))
  })
]

function takeMessages({ messages }: Subject['survey']): readonly ServedMessage[] {
  if (messages.length === 0) throw new NotRun('the node serves no block')
  return messages
}

function onMessages(
  rule: string,
  title: string,
  check: (message: ServedMessage) => string | false
): ConformanceCase {
  return {
    id: `${rule} served`,
    rules: [rule],
    title,
    run: async ({ survey }) => {
      const messages = takeMessages(survey).filter(({ version }) => isTopicVersion(version))
      expectSeen(messages.length, 'no message has a version that there is; see BR-4 and BH-3')
      for (const message of messages) {
        const problem = check(message)
        expectRule(problem === false, `${message.what}: ${String(problem)}`)
      }
    }
  }
}

async function checkSigner({ options, survey, chainId }: Subject): Promise<void> {
  const messages = signersOf(chainId, takeMessages(survey))
  const { signerKey } = options
  const signers = options.signers ?? (signerKey && [keyToAddress(signerKey)])
  for (const { signer, what } of messages) {
    const isRight = signer !== undefined && (signers?.includes(signer) ?? true)
    expectRule(isRight, `${what}: signed by ${signer ?? 'nobody'}, not by ${String(signers)}`)
  }
  requireGiven(signers, 'who signs the chain is not known; needs --signer')
}

/** `hashed` is what the change makes of the header: the block hash is right, so that no other rule refuses it. */
function gossiped(
  rule: string,
  what: string,
  change: (signed: Uint8Array) => Uint8Array,
  hashed: (payload: ExecutionPayload) => Partial<ExecutionPayload> = () => ({})
): ConformanceCase {
  return {
    id: `${rule} gossip: ${what}`,
    rules: [rule, 'GO-10'],
    title: `does not pass on a message with ${what}`,
    run: (subject) =>
      expectNotForwarded(subject, async (key) => {
        const version: TopicVersion = 3
        const plan = { ...soundPlan(subject), version }
        const payload = hashed((await planBlock(plan)).payload)
        const { blockHash } = (await planBlock({ ...plan, payload })).payload
        const sound = encodeSignedPart(await planBlock({ ...plan, blockHash }))
        const message = signBytes(change(sound), { key, chainId: subject.chainId })
        return [publishedBlock(subject.chainId, version, message)]
      })
  }
}

function moved(signed: Uint8Array, at: number, offset: number): Uint8Array {
  const bytes = signed.slice()
  new DataView(bytes.buffer).setUint32(PAYLOAD_AT + at, offset, true)
  return bytes
}

/** More bytes of extraData, with the offsets that follow. */
function inserted(signed: Uint8Array, bytesCount: number): Uint8Array {
  const bytes = Uint8Array.of(...signed, ...new Uint8Array(bytesCount))
  const end = FIXED_BYTES + EXTRA_BYTES + bytesCount
  return moved(moved(bytes, AT.transactions, end), AT.withdrawals, end)
}
