// The block hash as protocols/block-message/README.md (BM-12) lays it out, against the vectors.
import assert from 'node:assert/strict'
import { RLP } from '@ethereumjs/rlp'
import {
  type BlockMessage,
  decodeBlockMessage,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'

interface HashVectors {
  readonly full: {
    readonly messages: readonly {
      readonly version: number
      readonly plain: string
      readonly blockHash: string
      readonly transactionsRoot: string
    }[]
  }
}

const OMMERS_HASH = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const EMPTY_TRIE_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const EMPTY_SHA256 = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const vectors = readVectors('block-message') as HashVectors

describe('block hash', () => {
  for (const { version, plain, blockHash, transactionsRoot } of vectors.full.messages) {
    it(`of V${String(version)} is the keccak of the header's fields in the page's order`, () => {
      const message = decodeBlockMessage((version - 1) as TopicVersion, fromHex(plain))
      const header = RLP.encode(headerFields(message, fromHex(transactionsRoot)))
      assert.equal(toHex(keccak256(header)), blockHash)
      assert.equal(toHex(message.payload.blockHash), blockHash)
    })
  }
})

function headerFields({ version, parentBeaconBlockRoot, payload }: BlockMessage, root: Uint8Array) {
  const fields = [
    payload.parentHash,
    fromHex(OMMERS_HASH),
    payload.feeRecipient,
    payload.stateRoot,
    root,
    payload.receiptsRoot,
    payload.logsBloom,
    0n,
    payload.blockNumber,
    payload.gasLimit,
    payload.gasUsed,
    payload.timestamp,
    payload.extraData,
    payload.prevRandao,
    new Uint8Array(8),
    payload.baseFeePerGas
  ]
  if (version >= 1) fields.push(payload.withdrawalsRoot ?? fromHex(EMPTY_TRIE_ROOT))
  if (version >= 2) {
    const { blobGasUsed = -1n, excessBlobGas = -1n } = payload
    fields.push(blobGasUsed, excessBlobGas, parentBeaconBlockRoot ?? new Uint8Array(0))
  }
  if (version >= 3) fields.push(fromHex(EMPTY_SHA256))
  return fields
}
