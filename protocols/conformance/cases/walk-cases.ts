// BR, BH: the node walks back from a block that it was shown, asks the suite for what lies between, and is lied to.
import { BLOCKS_BY_HASH } from '../../blocks-by-hash/codec.ts'
import { encodeChunk } from '../../framing/chunk.ts'
import { SIGNED_TIP } from '../../signed-tip/codec.ts'
import { STATUS } from '../../status/codec.ts'
import { linesOf } from '../asking.ts'
import { type Answer } from '../frames.ts'
import { keccak256, makeBlock, planBlock, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type Call, redialMs } from '../node-listener.ts'
import { type Subject } from '../subject.ts'
import { withPeer } from '../suite-peer.ts'
import { requests } from '../survey.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'
import { waitUntil, watch } from '../patience.ts'

const VERSION = 3
const FALSE_KEY = keccak256(Uint8Array.of(0x67))
const BRANCH_BLOCKS = 3n
/** Heights over the branch, of sound blocks that the node asks for nowhere. */
const ASIDE = { range: 500n, hash: 600n } as const
const CHUNK_MAX_BYTES = 2 ** 24
/** A node may well wait a while before it asks the same peer for the same branch again. */
const WALK_WAIT_MS = 15_000

/** What the node must not take. */
type Lie = 'another height' | 'another signer' | 'another block'

/** Cases in which the node asks for blocks. They come before those that may cost the suite the node's trust. */
export const WALK_CASES: readonly ConformanceCase[] = [
  lied('BR-9', 'another height', 'takes no block of a height that it did not ask for'),
  lied('BH-6', 'another signer', 'takes no block that it asked for and that another key signed'),
  lied('BH-7', 'another block', 'takes no block whose hash it did not ask for')
]

function lied(rule: string, lie: Lie, title: string): ConformanceCase {
  return {
    id: `${rule} ${lie}`,
    rules: [rule],
    title,
    run: async (subject) => {
      const { told, tip } = await walkOf(subject)
      const hash = requireGiven(told.get(lie), 'the node did not ask for blocks so often')
      const answer = await askFor(subject, lie, hash)
      expectRule(answer.frames[0]?.result === 1, `it took the block: ${linesOf([answer])}`)
      const truth = await askFor(subject, 'the tip', tip)
      const isTaken = truth.frames[0]?.result === 0
      if (!isTaken) throw new NotRun('the node did not even take the tip that was sound')
    }
  }
}

function askFor({ options }: Subject, what: string, hash: Uint8Array): Promise<Answer> {
  const asked = { protocol: 'blocks_by_hash', what, bytes: requests.hashes(hash) } as const
  return withPeer(options, ({ ask }) => ask(asked))
}

interface Walk {
  /** The block that it was shown, which is sound. */
  readonly tip: Uint8Array
  /** The lies that the node was told, and the block of each. */
  readonly told: ReadonlyMap<Lie, Uint8Array>
}

const walks = new WeakMap<Subject, Promise<Walk>>()

/** One walk for all cases. */
function walkOf(subject: Subject): Promise<Walk> {
  const walk = walks.get(subject) ?? walkBack(subject)
  walks.set(subject, walk)
  return walk
}

async function walkBack(subject: Subject): Promise<Walk> {
  const { options, status } = subject
  const listener = requireGiven(subject.listener, 'needs --listen, and a node that dials it')
  const key = requireGiven(options.signerKey, 'needs --signer-key')
  if (status.role !== 0) throw new NotRun('a sequencer does not follow')
  const answers = await prepareAnswers(subject, key)
  listener.drop()
  await listener.nextCall('status', redialMs(options), answers.answer)
  const isDone = () => answers.told.has('another block')
  await listener.answeringWith(answers.answer, () => waitUntil(isDone, WALK_WAIT_MS))
  // What it was told last it may still be looking at.
  await watch(options.patienceMs / 4)
  return { told: answers.told, tip: answers.tip }
}

/** A branch on the node's head, of which it is shown the tip, and what it hears when it asks for the rest. */
async function prepareAnswers({ survey, chainId, ownStatus }: Subject, key: Uint8Array) {
  const told = new Map<Lie, Uint8Array>()
  const timestamp = BigInt(Math.floor(Date.now() / 1000))
  const build = async (number: bigint, parentHash: Uint8Array, signing: Uint8Array) => {
    const plan = { number, timestamp, parentHash, version: VERSION } as const
    const { blockHash } = (await planBlock(plan)).payload
    return { number, hash: blockHash, message: await makeBlock(plan, { key: signing, chainId }) }
  }
  const falseOnes = new Map<string, Uint8Array>()
  let { hash } = survey.head
  const { number } = survey.head
  for (let above = 1n; above < BRANCH_BLOCKS; above++) {
    const parentHash = hash
    hash = (await build(number + above, parentHash, key)).hash
    falseOnes.set(toHex(hash), (await build(number + above, parentHash, FALSE_KEY)).message)
  }
  const tip = await build(number + BRANCH_BLOCKS, hash, key)
  const asideRange = await build(number + ASIDE.range, hash, key)
  const asideHash = await build(number + ASIDE.hash, hash, key)
  const followed = STATUS.chunk.encode({
    ...STATUS.request.decode(ownStatus()),
    unsafeNumber: tip.number,
    unsafeHash: tip.hash,
    acceptedNumber: tip.number,
    acceptedHash: tip.hash,
    oldestBlock: 1n
  })
  const shown = SIGNED_TIP.chunk.encode({
    relation: 'ahead',
    version: VERSION,
    message: tip.message
  })

  const answerHashes = ({ bytes }: Call): Uint8Array | undefined => {
    const [asked] = BLOCKS_BY_HASH.request.decode(bytes).hashes
    const falseOne = asked && falseOnes.get(toHex(asked))
    if (asked === undefined || falseOne === undefined) return undefined
    if (!told.has('another signer')) {
      told.set('another signer', asked)
      return ok(falseOne, VERSION)
    }
    if (told.has('another block')) return undefined
    told.set('another block', asideHash.hash)
    return ok(asideHash.message, VERSION)
  }
  const answer = (call: Call): Uint8Array | undefined => {
    switch (call.protocol) {
      case 'status':
        return ok(followed.bytes, 0)
      case 'signed_tip':
        return ok(shown.bytes, 0)
      case 'blocks_by_hash':
        return answerHashes(call)
      case 'blocks_by_range':
        if (told.has('another height')) return undefined
        told.set('another height', asideRange.hash)
        return ok(asideRange.message, VERSION)
      case 'state_diffs_by_range':
      case 'account_range':
      case 'storage_ranges':
      case 'byte_codes':
      case 'trie_nodes':
        return undefined
    }
  }
  return { told, answer, tip: tip.hash }
}

function ok(bytes: Uint8Array, version: number): Uint8Array {
  return encodeChunk({ result: 'ok', version, bytes }, CHUNK_MAX_BYTES)
}
