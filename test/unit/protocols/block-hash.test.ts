// The block hash of the conformance suite (BM-12), which knows nothing of our node, against the vectors.
import assert from 'node:assert/strict'
import { decodeBlockMessage, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { blockHashOf, orderedRoot } from '../../../protocols/conformance/block-maker.ts'
import { fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'

interface HashVectors {
  readonly full: {
    readonly messages: readonly {
      readonly version: TopicVersion
      readonly plain: string
      readonly blockHash: string
      readonly transactionsRoot: string
    }[]
  }
}

const vectors = readVectors('block-message') as HashVectors

describe('block hash', () => {
  for (const { version, plain, blockHash, transactionsRoot } of vectors.full.messages) {
    it(`of V${String(version + 1)} is the keccak of the header's fields in the page's order`, async () => {
      const message = decodeBlockMessage(version, fromHex(plain))
      assert.equal(toHex(await orderedRoot(message.payload.transactions)), transactionsRoot)
      assert.equal(toHex(await blockHashOf(message)), blockHash)
      assert.equal(toHex(message.payload.blockHash), blockHash)
    })
  }
})
