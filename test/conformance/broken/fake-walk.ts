// A fake that asks: for a tip, and back from what it is shown, each block verified unless that is its fault.
import { type Connection } from '@libp2p/interface'
import { decodeBlockMessage, isTopicVersion } from '../../../protocols/block-message/codec.ts'
import { ask } from '../../../protocols/conformance/asking.ts'
import { keyToAddress, signerOf, toHex } from '../../../protocols/conformance/block-maker.ts'
import { type ProtocolName } from '../../../protocols/conformance/protocol-facts.ts'
import { messagesOf, type ServedMessage } from '../../../protocols/conformance/served-messages.ts'
import { requests } from '../../../protocols/conformance/survey.ts'
import { FAKE_CHAIN_ID, FAKE_SIGNER, type FakeBlock, headOf } from './fake-chain.ts'

/** What a fake walks with. */
export interface WalkFaults {
  /** Rules that are not looked at: TI-11, BR-9, BH-6, BH-7. */
  readonly skipped: readonly string[]
}

const SIGNER = keyToAddress(FAKE_SIGNER)
const ANSWER_TIMEOUT_MS = 3_000
/** A peer that lied once is asked once more. */
const HASH_TRIES = 2

/** Asks over a connection that stands; what is taken is put into `extra`. */
export async function walkBack(
  connection: Connection,
  chain: readonly FakeBlock[],
  extra: Map<bigint, FakeBlock>,
  { skipped }: WalkFaults
): Promise<void> {
  const { number, hash } = headOf(chain)
  const request = async (protocol: ProtocolName, bytes: Uint8Array) => {
    const asked = { protocol, what: protocol, bytes }
    const answer = await ask(connection, FAKE_CHAIN_ID, asked, ANSWER_TIMEOUT_MS)
    return messagesOf(answer)
  }
  const take = (
    served: readonly ServedMessage[],
    signerRule: string,
    isAsked: (block: FakeBlock) => boolean
  ): readonly FakeBlock[] => {
    const taken = served.flatMap((message) => {
      const isSigned = signerOf(FAKE_CHAIN_ID, message.bytes) === SIGNER
      const block = toBlock(message)
      if (block === undefined || (!isSigned && !skipped.includes(signerRule))) return []
      return isAsked(block) ? [block] : []
    })
    for (const block of taken) extra.set(block.number, block)
    return taken
  }
  const tips = await request('signed_tip', requests.tip(number, hash))
  const [tip] = take(tips, 'TI-11', (block) => block.number > number)
  if (tip === undefined) return
  const count = tip.number - number
  const isInRange = (block: FakeBlock) => block.number > number && block.number < tip.number
  const inRange = await request('blocks_by_range', requests.range(number + 1n, count))
  take(inRange, 'BR-9', (block) => skipped.includes('BR-9') || isInRange(block))
  const { parentHash } = decodeBlockMessage(3, tip.message).payload
  const isParent = (block: FakeBlock) => toHex(block.hash) === toHex(parentHash)
  for (let attempt = 1; attempt <= HASH_TRIES; attempt++) {
    const byHash = await request('blocks_by_hash', requests.hashes(parentHash))
    take(byHash, 'BH-6', (block) => skipped.includes('BH-7') || isParent(block))
  }
}

function toBlock({ version, bytes, block }: ServedMessage): FakeBlock | undefined {
  if (block === undefined || !isTopicVersion(version)) return undefined
  const { blockNumber: number, blockHash: hash } = block.payload
  return { number, hash, version, message: bytes }
}
