// Blocks of a walk in memory, up to a bound; the others are read back.
import assert from 'node:assert/strict'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { HELD_BYTES_MAX, HeldBlocks } from '../../../src/sync/holes/held-blocks.ts'
import { signChain, testGenesisBlock } from '../../support/signed-chain.ts'

const [FIRST, SECOND, THIRD] = signChain(testGenesisBlock(), 3).map((block) => ({
  ...block,
  message: new Uint8Array(HELD_BYTES_MAX / 2)
}))

describe('blocks of a walk', () => {
  it('are held up to the bound, each once, and read back beyond it', () => {
    const read: Block[] = []
    const held = new HeldBlocks((hash) => {
      const block = [FIRST, SECOND, THIRD].find((one) => one?.hash === hash)
      if (block !== undefined) read.push(block)
      return block
    })
    held.add([FIRST!, FIRST!])
    held.add([SECOND!, THIRD!])
    for (const block of [FIRST!, SECOND!, THIRD!]) assert.equal(held.require(block.hash), block)
    assert.deepEqual(read, [THIRD])
  })
  it('are asked for by a name that is there', () => {
    const held = new HeldBlocks(() => undefined)
    assert.throws(() => held.require(FIRST!.hash), /block 0x[0-9a-f]{64} is gone/)
    assert.throws(() => held.require(undefined), /is gone/)
  })
})
