// The header in RLP and its hash, against @ethereumjs/block and the vectors of the block message.
import assert from 'node:assert/strict'
import { createBlockHeader } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { Address, bytesToHex as toHex } from '@ethereumjs/util'
import { decodeBlockMessage, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { type BlockHeader } from '../../../src/chain/blocks/block.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import {
  decodeHeader,
  encodeHeader,
  headerHash,
  headerVersion,
  toBlock
} from '../../../src/chain/blocks/header.ts'
import { blockToMessage, messageToHeader } from '../../../src/chain/blocks/payload.ts'
import { fromHex, readVectors } from '../../support/protocol-vectors.ts'
import { childBlock, testGenesisBlock } from '../../support/signed-chain.ts'

interface Vectors {
  readonly full: {
    readonly messages: readonly {
      readonly version: TopicVersion
      readonly plain: string
      readonly blockHash: string
      readonly transactionsRoot: string
    }[]
  }
}

const { messages } = (readVectors('block-message') as Vectors).full
const FORKS = [Hardfork.Paris, Hardfork.Shanghai, Hardfork.Cancun, Hardfork.Prague]

for (const { version, plain, blockHash, transactionsRoot } of messages) {
  const message = decodeBlockMessage(version, fromHex(plain))
  const header = messageToHeader(message)

  describe(`the header of V${version + 1}`, () => {
    it('has the block hash that the message names, and its transactions root', () => {
      assert.equal(headerHash(header), blockHash)
      assert.equal(toHex(header.transactionsRoot), transactionsRoot)
    })
    it('has the hash and the RLP that @ethereumjs/block gives', () => {
      const oracle = oracleHeader(header, FORKS[version]!)
      assert.equal(headerHash(header), toHex(oracle.hash()))
      assert.deepEqual(encodeHeader(header), oracle.serialize())
    })
    it('decodes to what was encoded', () => {
      assert.deepEqual(decodeHeader(encodeHeader(header)), header)
      assert.equal(headerVersion(header), version)
    })
    it('goes back into the same message', () => {
      const block = toBlock(header, message.payload.transactions)
      const { signature, ...unsigned } = message
      assert.equal(signature.length, 65)
      assert.deepEqual(blockToMessage(block), unsigned)
    })
    it('is not what is left of it when it is cut', () => {
      const bytes = encodeHeader(header)
      for (const length of [0, 1, 3, 100, bytes.length - 1]) {
        assert.throws(() => decodeHeader(bytes.subarray(0, length)), isMalformed, `${length} bytes`)
      }
    })
  })
}

describe('a header', () => {
  const block = childBlock(testGenesisBlock(), { transactionsCount: 2 })

  it('made here has the hash that @ethereumjs/block gives', () => {
    assert.equal(block.hash, toHex(oracleHeader(block.header, Hardfork.Prague).hash()))
    const genesis = testGenesisBlock()
    assert.equal(genesis.hash, toHex(oracleHeader(genesis.header, Hardfork.Prague).hash()))
  })
  it('with a field of a later layout and without one before it is refused', () => {
    const { blobGasUsed, ...rest } = block.header
    assert.equal(blobGasUsed, 0n)
    assert.throws(() => encodeHeader(rest), isMalformed)
  })
  for (const [what, bytes] of [
    ['no list', Uint8Array.of(0x83, 1, 2, 3)],
    ['an empty list', Uint8Array.of(0xc0)],
    ['a list of lists', Uint8Array.of(0xc2, 0xc0, 0xc0)]
  ] as const) {
    it(`is not decoded from ${what}`, () => {
      assert.throws(() => decodeHeader(bytes), isMalformed)
    })
  }
})

function oracleHeader(header: BlockHeader, hardfork: Hardfork) {
  const common = new Common({ chain: Mainnet, hardfork })
  const { ommersHash, feeRecipient, transactionsRoot, receiptsRoot, prevRandao, ...same } = header
  return createBlockHeader(
    {
      ...same,
      uncleHash: ommersHash,
      coinbase: new Address(feeRecipient),
      transactionsTrie: transactionsRoot,
      receiptTrie: receiptsRoot,
      mixHash: prevRandao
    },
    { common, freeze: false }
  )
}

function isMalformed(thrown: unknown): boolean {
  return thrown instanceof ChainError && thrown.failure.code === 'header-malformed'
}
