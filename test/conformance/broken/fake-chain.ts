// The chain that the fake nodes hold: five blocks of the suite's own making, with the diff of each.
import { RLP } from '@ethereumjs/rlp'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import {
  type DiffAccount,
  type StateDiff
} from '../../../protocols/state-diffs-by-range/state-diff.ts'
import {
  type BlockPlan,
  keccak256,
  makeBlock,
  orderedRoot,
  planBlock
} from '../../../protocols/conformance/block-maker.ts'
import { type FakeState } from './fake-state.ts'

/** The chain's id. */
export const FAKE_CHAIN_ID = 907n
/** Signs its blocks. */
export const FAKE_SIGNER: Uint8Array = keccak256(Uint8Array.of(3))
/** Its genesis, of which nothing but the hash exists. */
export const FAKE_GENESIS: Uint8Array = keccak256(Uint8Array.of(4))

/** One block with what the fake looks up. */
export interface FakeBlock extends VersionedMessage {
  readonly number: bigint
  readonly hash: Uint8Array
}

/** A block of the chain itself; those that came by gossip have no diff. */
export interface ChainBlock extends FakeBlock {
  readonly diff: StateDiff
}

const BLOCKS_COUNT = 5n
const FIRST_TIMESTAMP = 1_700_000_000n
const GAS_USED = 21_000
const CODES = [Uint8Array.of(0x60, 1), Uint8Array.of(0x60, 2)] as const
/** Addresses and slots of all diffs, in the order of their bytes. */
const [LOW_HASH, HIGH_HASH] = inOrder(keccak256(Uint8Array.of(20)), keccak256(Uint8Array.of(21)))

function inOrder(one: Uint8Array, other: Uint8Array): readonly [Uint8Array, Uint8Array] {
  return Buffer.compare(one, other) < 0 ? [one, other] : [other, one]
}

/** What may be wrong with the block in the middle. */
export interface ChainFault {
  readonly plan?: Partial<BlockPlan>
  readonly key?: Uint8Array
}

/** The highest of them; there is always one. */
export function headOf(chain: readonly FakeBlock[]): FakeBlock {
  const head = chain.at(-1)
  if (head === undefined) throw new Error('a fake without blocks')
  return head
}

/** Blocks 1 to 5, the third one as it is told, the last one with this state. */
export async function makeFakeChain(
  { root }: Pick<FakeState, 'root'>,
  fault: ChainFault = {}
): Promise<readonly ChainBlock[]> {
  const blocks: ChainBlock[] = []
  let parentHash = FAKE_GENESIS
  let parentStateRoot = keccak256(Uint8Array.of(6))
  for (let number = 1n; number <= BLOCKS_COUNT; number++) {
    const { plan = {}, key = FAKE_SIGNER } = number === 3n ? fault : {}
    const receipts = number === 2n ? [fakeReceipt()] : []
    const filled = receipts.length > 0 && {
      transactions: [Uint8Array.of(2, 0xc0)],
      receiptsRoot: await orderedRoot(receipts),
      gasUsed: BigInt(GAS_USED)
    }
    const whole = {
      number,
      timestamp: FIRST_TIMESTAMP + number,
      parentHash,
      ...(filled && { payload: filled }),
      ...(number === BLOCKS_COUNT && { payload: { stateRoot: root } }),
      ...plan
    }
    const { payload } = await planBlock(whole)
    const message = await makeBlock(whole, { key, chainId: FAKE_CHAIN_ID })
    const { blockHash, stateRoot } = payload
    const diff = { number, blockHash, parentStateRoot, stateRoot, receipts, ...fakeChanges(number) }
    blocks.push({ number, hash: blockHash, version: 3, message, diff })
    parentHash = blockHash
    parentStateRoot = stateRoot
  }
  return blocks
}

function fakeReceipt(): Uint8Array {
  return Uint8Array.of(2, ...RLP.encode([1, GAS_USED, new Uint8Array(256), []]))
}

/** Two accounts, one of them a contract with slots; the fourth block deletes it, the fifth one makes it anew. */
function fakeChanges(number: bigint): Pick<StateDiff, 'accounts' | 'codes'> {
  const plain: DiffAccount = {
    addressHash: LOW_HASH,
    body: fakeBody(number),
    storageCleared: false,
    slots: []
  }
  if (number === 4n) {
    const gone = new Uint8Array()
    const deleted = { addressHash: HIGH_HASH, body: gone, storageCleared: true, slots: [] }
    return { accounts: [plain, deleted], codes: [] }
  }
  const code = number === 5n ? CODES[1] : CODES[0]
  const contract = {
    addressHash: HIGH_HASH,
    body: fakeBody(number, keccak256(code)),
    storageCleared: number === 5n,
    slots: [LOW_HASH, HIGH_HASH].map((slotHash) => ({ slotHash, value: Uint8Array.of(7, 8) }))
  }
  return { accounts: [plain, contract], codes: number === 1n || number === 5n ? [code] : [] }
}

function fakeBody(number: bigint, codeHash: Uint8Array = new Uint8Array()): Uint8Array {
  const storageRoot = codeHash.length > 0 ? keccak256(codeHash) : codeHash
  return RLP.encode([number, 1_000n - number, storageRoot, codeHash])
}
