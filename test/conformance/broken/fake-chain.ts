// The chain that the fake nodes hold: five blocks of the suite's own making.
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { type BlockPlan, keccak256, makeBlock, planBlock } from '../block-maker.ts'

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

const BLOCKS_COUNT = 5n
const FIRST_TIMESTAMP = 1_700_000_000n

/** What may be wrong with the block in the middle. */
export interface ChainFault {
  readonly plan?: Partial<BlockPlan>
  readonly key?: Uint8Array
}

/** Blocks 1 to 5, the third one as it is told. */
export async function makeFakeChain(fault: ChainFault = {}): Promise<readonly FakeBlock[]> {
  const blocks: FakeBlock[] = []
  let parentHash = FAKE_GENESIS
  for (let number = 1n; number <= BLOCKS_COUNT; number++) {
    const { plan = {}, key = FAKE_SIGNER } = number === 3n ? fault : {}
    const whole = { number, timestamp: FIRST_TIMESTAMP + number, parentHash, ...plan }
    const { payload } = await planBlock(whole)
    const message = await makeBlock(whole, { key, chainId: FAKE_CHAIN_ID })
    blocks.push({ number, hash: payload.blockHash, version: 3, message })
    parentHash = payload.blockHash
  }
  return blocks
}
