// BH: blocks by their hashes, canonical or not.
import { BLOCKS_BY_HASH_COUNT_MAX } from '../../blocks-by-hash/codec.ts'
import { linesOf } from '../asking.ts'
import { keccak256, makeBlock, planBlock, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type Answer } from '../frames.ts'
import { publishedBlock, soundPlan } from '../gossip-trial.ts'
import { messagesOf, tipOf } from '../served-messages.ts'
import { type Subject } from '../subject.ts'
import { withGossipPeer } from '../suite-peer.ts'
import { type HashQuestion, NO_BLOCK, requests } from '../survey.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'
import { checkMessageChunks } from './message-chunks.ts'
import { expectRefused, requestsOf } from './refusal.ts'

const HASH_BYTES = 32
const OFFSET_BYTES = 4
/** The relation of a tip of another hash at the asked height. */
const CONFLICT = 3
const UNREADABLE = 'unreadable'

/** Cases of protocols/blocks-by-hash that ask. */
export const HASH_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'BH-1 container',
    rules: ['BH-1'],
    title: 'refuses a request with another offset, and one whose last hash is not whole',
    run: (subject) =>
      refuse(subject, [
        ['3 bytes', Uint8Array.of(4, 0, 0)],
        ['offset 5', rawHashes(5, [NO_BLOCK])],
        ['offset 0', rawHashes(0, [NO_BLOCK])],
        ['31 bytes of a hash', rawHashes(OFFSET_BYTES, [NO_BLOCK]).subarray(0, -1)],
        ['a byte too many', Uint8Array.of(...rawHashes(OFFSET_BYTES, [NO_BLOCK]), 0)]
      ])
  },
  {
    id: 'BH-2 count',
    rules: ['BH-2'],
    title: 'refuses a request with no hash, with 129, and with one twice',
    run: (subject) =>
      refuse(subject, [
        ['no hash', rawHashes(OFFSET_BYTES, [])],
        ['a hash twice', rawHashes(OFFSET_BYTES, [NO_BLOCK, keccak256(NO_BLOCK), NO_BLOCK])],
        ['129 hashes', rawHashes(OFFSET_BYTES, unknownHashes(BLOCKS_BY_HASH_COUNT_MAX + 1))]
      ])
  }
]

/** Cases of protocols/blocks-by-hash: what every answer looks like. */
export const HASH_ANSWER_CASES: readonly ConformanceCase[] = [
  {
    id: 'BH-3 chunks',
    rules: ['BH-3', 'BM-1', 'BM-3', 'FR-7'],
    title: 'sends messages of 66 bytes to 10 MiB with their version beside them',
    run: async ({ survey }) => {
      checkMessageChunks([...survey.hashes.values()])
    }
  },
  {
    id: 'BH-4 order',
    rules: ['BH-4', 'BH-7'],
    title: 'sends the blocks that it holds in the order of the request, not of their heights',
    run: (subject) => checkOrder(subject, 'descending', (first, second) => [second, first])
  },
  {
    id: 'BH-4 left out',
    rules: ['BH-4'],
    title: 'leaves out the block that it lacks, and sends what comes after it',
    run: (subject) => checkOrder(subject, 'one missing', (first, second) => [first, second])
  },
  {
    id: 'BH-4 most',
    rules: ['BH-4', 'FR-10'],
    title: 'sends two blocks that it holds, each once, of a request for 128',
    run: (subject) => checkOrder(subject, 'most', (first, second) => [second, first])
  },
  {
    id: 'BH-5 unavailable',
    rules: ['BH-5'],
    title: 'answers result 1 where it holds none of the blocks',
    run: async ({ survey }) => {
      const answer = take(survey, 'none held')
      expectRule(answer.frames.length === 1 && answer.frames[0]?.result === 1, linesOf([answer]))
    }
  }
]

/** The one that publishes a block, after which a sequencer may stop building. */
export const HASH_GOSSIP_CASES: readonly ConformanceCase[] = [
  {
    id: 'BH-4 branch',
    rules: ['BH-4'],
    title: 'sends a block that it accepted and that is not canonical',
    run: checkNotCanonical
  }
]

function rawHashes(offset: number, hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(OFFSET_BYTES + HASH_BYTES * hashes.length)
  new DataView(bytes.buffer).setUint32(0, offset, true)
  for (const [at, hash] of hashes.entries()) bytes.set(hash, OFFSET_BYTES + at * HASH_BYTES)
  return bytes
}

function unknownHashes(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => keccak256(Uint8Array.of(0x6f, at)))
}

function refuse(subject: Subject, requested: Parameters<typeof requestsOf>[1]): Promise<void> {
  return expectRefused(subject, requestsOf('blocks_by_hash', requested))
}

function take({ hashes }: Subject['survey'], question: HashQuestion): Answer {
  return requireGiven(hashes.get(question), 'the node serves no two blocks by height')
}

async function checkOrder(
  { survey }: Subject,
  question: HashQuestion,
  pick: (first: string, second: string) => readonly string[]
): Promise<void> {
  const answer = take(survey, question)
  const [first, second] = hashesOf(survey.ranges.get('three'))
  if (first === undefined || second === undefined) throw new NotRun('it serves no two blocks')
  const due = pick(first, second)
  const got = hashesOf(answer)
  if (got.includes(UNREADABLE)) throw new NotRun('a message does not decode')
  expectRule(got.join() === due.join(), `${got.join(', ')} in place of ${due.join(', ')}`)
  expectRule(answer.frames.length === due.length && answer.end === 'closed', linesOf([answer]))
}

/** What cannot be read (BM-5, BR-4, BH-3) stands as such. */
function hashesOf(answer: Answer | undefined): readonly string[] {
  return messagesOf(answer).map(({ block }) =>
    block === undefined ? UNREADABLE : toHex(block.payload.blockHash)
  )
}

async function checkNotCanonical(subject: Subject): Promise<void> {
  const { options, chainId } = subject
  const key = requireGiven(options.signerKey, 'needs --signer-key')
  const plan = soundPlan(subject)
  const { blockHash } = (await planBlock(plan)).payload
  const message = await makeBlock(plan, { key, chainId })
  await withGossipPeer(options, async ({ ask }, gossip) => {
    gossip.publish(publishedBlock(chainId, plan.version, message))
    // Before it answers this, the node stores all gossip that came before it (TI-10).
    const height = requests.tip(plan.number, NO_BLOCK)
    const tip = tipOf(await ask({ protocol: 'signed_tip', what: 'a tip', bytes: height }))
    if (tip?.relation !== CONFLICT)
      throw new NotRun('it did not accept the block; see TI-10 gossip')
    const bytes = requests.hashes(blockHash)
    const answer = await ask({ protocol: 'blocks_by_hash', what: 'a side block', bytes })
    const got = hashesOf(answer)
    expectRule(got.join() === toHex(blockHash), linesOf([answer]))
  })
}
