// Decoders of what peers send: protocols/, and what a block carries.
import { createHash } from 'node:crypto'
import { ACCOUNT_RANGE, decodeAccountRange } from '../../../protocols/account-range/codec.ts'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import { decodeExecutionPayload } from '../../../protocols/block-message/execution-payload.ts'
import { decodeTransactions } from '../../../protocols/block-message/transaction-list.ts'
import { decodeWithdrawals } from '../../../protocols/block-message/withdrawal-list.ts'
import { BLOCKS_BY_HASH } from '../../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { BYTE_CODES } from '../../../protocols/byte-codes/codec.ts'
import { decodeChunkHeader, decodeChunkPayload } from '../../../protocols/framing/chunk.ts'
import { frameOf } from '../../../protocols/framing/response-frame.ts'
import { FramingError } from '../../../protocols/framing/framing-error.ts'
import { decompressMessage, messageId } from '../../../protocols/gossip/codec.ts'
import { parseBlocksTopic } from '../../../protocols/gossip/topic.ts'
import { type ProtocolDef } from '../../../protocols/protocol-def.ts'
import { ProtocolError } from '../../../protocols/protocol-error.ts'
import { PAYLOAD_BY_NUMBER, toMessageLayout } from '../../../protocols/payload-by-number/codec.ts'
import { SIGNED_TIP } from '../../../protocols/signed-tip/codec.ts'
import {
  compressBlock,
  decompressBlock,
  decompressedBytes,
  SnappyError
} from '../../../protocols/snappy-block.ts'
import { compressFramed, decompressFramed } from '../../../protocols/snappy-framed.ts'
import { decompressInSlices } from '../../../protocols/snappy-slices.ts'
import { STATE_DIFFS_BY_RANGE } from '../../../protocols/state-diffs-by-range/codec.ts'
import { StateDiffError } from '../../../protocols/state-diffs-by-range/state-diff-error.ts'
import { decodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { decodeList } from '../../../protocols/state-diffs-by-range/variable-list.ts'
import { decodeItems, decodeLeaves, decodeProved } from '../../../protocols/state-leaves.ts'
import { STATUS } from '../../../protocols/status/codec.ts'
import { decodeStorageRanges, STORAGE_RANGES } from '../../../protocols/storage-ranges/codec.ts'
import { TRIE_NODES } from '../../../protocols/trie-nodes/codec.ts'
import { TransactionError } from '../../../src/execution/transaction.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { decodeFees, decodeTransaction } from '../../../src/rpc/decode-transaction.ts'
import { decodeNode } from '../../../src/trie/node-decode.ts'
import { TrieError } from '../../../src/trie/trie-error.ts'
import { EXECUTION_CHAIN_ID } from '../../support/execution-chain.ts'
import { authorization, signedTx } from '../../support/execution-transactions.ts'
import { type Decoder, isNothing, isOf, textOf, textSeeds, vectorSeeds } from './decoder.ts'

const BLOCK_SEEDS = vectorSeeds('block-message')
const DIFF_SEEDS = vectorSeeds('state-diffs-by-range')
const SNAPPY_MAX_BYTES = 2 ** 20
const isProtocolError = isOf(ProtocolError)

/** Both directions of a request protocol, each at its own limit. */
function requestDecoders<Request, Chunk>(
  folder: string,
  file: string,
  { name, request, chunk, limits, frame }: ProtocolDef<Request, Chunk>
): readonly Decoder[] {
  const [seeds, isDeclared] = [vectorSeeds(folder), isProtocolError]
  const covers = [`protocols/${folder}/${file}`]
  return [
    {
      name: `${name} request`,
      covers,
      seeds,
      decode: (bytes) => request.decode(bytes),
      isDeclared
    },
    {
      name: `${name} chunk`,
      covers,
      seeds,
      decode: anyOf(VERSIONS.map((version) => (bytes) => chunk.decode(version, bytes))),
      isDeclared
    },
    {
      name: `${name} stream`,
      covers: ['protocols/framing/chunk-parser.ts ChunkParser'],
      seeds: frame === undefined ? [...vectorSeeds('framing'), ...seeds.map(framed)] : seeds,
      decode: (bytes) => {
        const parser = frameOf({ frame }).createParser(limits)
        for (const part of [bytes.subarray(0, 3), bytes.subarray(3)]) {
          for (const one of parser.push(part))
            if (one.result === 'ok') chunk.decode(one.version, one.bytes)
        }
        for (const one of parser.end())
          if (one.result === 'ok') chunk.decode(one.version, one.bytes)
      },
      isDeclared
    }
  ]
}

function framed(content: Uint8Array): Uint8Array {
  const payload = compressBlock(content)
  const bytes = new Uint8Array(6 + payload.length)
  new DataView(bytes.buffer).setUint32(2, payload.length, true)
  bytes.set(payload, 6)
  return bytes
}

/** Tries all of them; throws where none takes the bytes, and at once what is not declared. */
function anyOf(decodes: readonly ((bytes: Uint8Array) => unknown)[]) {
  return (bytes: Uint8Array) => {
    const thrown: unknown[] = []
    for (const decode of decodes) {
      try {
        decode(bytes)
      } catch (one) {
        if (!isProtocolError(one)) throw one
        thrown.push(one)
      }
    }
    if (thrown.length === decodes.length) throw thrown[0]
  }
}

const VERSIONS = [0, 1, 2, 3] as const

const LEAF_BOUNDS = { container: 'Leaves', field: 'leaves', leavesMax: 2 ** 16, valueMaxBytes: 128 }

const TRANSACTION_SEEDS = [
  signedTx({ type: 0 }),
  signedTx({ type: 0, isUnprotected: true }),
  signedTx({
    type: 1,
    accessList: [{ address: `0x${'11'.repeat(20)}`, storageKeys: [`0x${'22'.repeat(32)}`] }]
  }),
  signedTx({ type: 2, data: new Uint8Array(200).fill(7) }),
  signedTx({
    type: 4,
    to: `0x${'33'.repeat(20)}`,
    authorizationList: [authorization({ target: `0x${'33'.repeat(20)}` })]
  })
]

/** RLP of a leaf, an extension and a branch with hashes. */
const NODE_SEEDS = [
  Uint8Array.of(0xc4, 0x20, 0x82, 1, 2),
  Uint8Array.of(0xe4, 0x82, 0x00, 0x01, 0xa0, ...new Uint8Array(32).fill(5), 0x00).subarray(0, 37),
  Uint8Array.of(
    0xf8,
    0x51,
    0xa0,
    ...new Uint8Array(32).fill(1),
    0xa0,
    ...new Uint8Array(32).fill(2),
    ...new Uint8Array(15).fill(0x80)
  )
]

/** Decoders of the wire. */
export const WIRE_DECODERS: readonly Decoder[] = [
  {
    name: 'block message',
    covers: [
      'protocols/block-message/codec.ts decodeBlockMessage',
      'protocols/block-message/fixed-fields.ts readUint256'
    ],
    seeds: BLOCK_SEEDS,
    decode: anyOf(VERSIONS.map((version) => (bytes) => decodeBlockMessage(version, bytes))),
    isDeclared: isProtocolError
  },
  {
    name: 'execution payload and its lists',
    covers: [
      'protocols/block-message/execution-payload.ts decodeExecutionPayload',
      'protocols/block-message/transaction-list.ts decodeTransactions',
      'protocols/block-message/withdrawal-list.ts decodeWithdrawals'
    ],
    seeds: BLOCK_SEEDS.map((message) => message.subarray(97)),
    decode: anyOf([
      ...VERSIONS.map((version) => (bytes: Uint8Array) => decodeExecutionPayload(version, bytes)),
      decodeTransactions,
      decodeWithdrawals
    ]),
    isDeclared: isProtocolError
  },
  ...requestDecoders('status', 'codec.ts STATUS', STATUS),
  ...requestDecoders('signed-tip', 'codec.ts SIGNED_TIP', SIGNED_TIP),
  ...requestDecoders('blocks-by-range', 'codec.ts BLOCKS_BY_RANGE', BLOCKS_BY_RANGE),
  ...requestDecoders('blocks-by-hash', 'codec.ts BLOCKS_BY_HASH', BLOCKS_BY_HASH),
  ...requestDecoders('state-diffs-by-range', 'codec.ts STATE_DIFFS_BY_RANGE', STATE_DIFFS_BY_RANGE),
  ...requestDecoders('account-range', 'codec.ts ACCOUNT_RANGE', ACCOUNT_RANGE),
  ...requestDecoders('storage-ranges', 'codec.ts STORAGE_RANGES', STORAGE_RANGES),
  ...requestDecoders('byte-codes', 'codec.ts BYTE_CODES', BYTE_CODES),
  ...requestDecoders('trie-nodes', 'codec.ts TRIE_NODES', TRIE_NODES),
  {
    name: 'accounts of a range',
    covers: ['protocols/account-range/codec.ts decodeAccountRange'],
    seeds: vectorSeeds('account-range'),
    decode: (bytes) => [...decodeAccountRange(bytes).accounts],
    isDeclared: isProtocolError
  },
  {
    name: 'slots of ranges',
    covers: ['protocols/storage-ranges/codec.ts decodeStorageRanges'],
    seeds: vectorSeeds('storage-ranges'),
    decode: (bytes) => decodeStorageRanges(bytes).slots.map((list) => [...list]),
    isDeclared: isProtocolError
  },
  {
    name: 'lists of leaves and their proof',
    covers: [
      'protocols/state-leaves.ts decodeProved',
      'protocols/state-leaves.ts decodeLeaves',
      'protocols/state-leaves.ts decodeItems'
    ],
    seeds: [...vectorSeeds('account-range'), ...vectorSeeds('storage-ranges')],
    decode: anyOf([
      (bytes) => decodeProved(bytes, 'StorageRanges'),
      (bytes) => [...decodeItems(bytes, LEAF_BOUNDS)],
      (bytes) => [...decodeLeaves(bytes, LEAF_BOUNDS)]
    ]),
    isDeclared: isProtocolError
  },
  ...requestDecoders('payload-by-number', 'codec.ts PAYLOAD_BY_NUMBER', PAYLOAD_BY_NUMBER),
  {
    name: 'payload without a signature',
    covers: ['protocols/payload-by-number/codec.ts toMessageLayout'],
    seeds: BLOCK_SEEDS.map((message) => message.subarray(65)),
    decode: (bytes) => {
      const laidOut = toMessageLayout({ version: 1, bytes }, () => 3)
      decodeBlockMessage(laidOut.version, laidOut.message)
    },
    isDeclared: isProtocolError
  },
  {
    name: 'snappy, framed',
    covers: ['protocols/snappy-framed.ts decompressFramed'],
    seeds: BLOCK_SEEDS.map(compressFramed),
    decode: (bytes) => decompressFramed(bytes, SNAPPY_MAX_BYTES),
    isDeclared: isOf(SnappyError)
  },
  {
    name: 'state diff',
    covers: [
      'protocols/state-diffs-by-range/state-diff-codec.ts decodeStateDiff',
      'protocols/state-diffs-by-range/variable-list.ts decodeList'
    ],
    seeds: DIFF_SEEDS,
    decode: anyOf([decodeStateDiff, (bytes) => decodeList(bytes, 'receipts', 2 ** 20)]),
    isDeclared: isOf(StateDiffError)
  },
  {
    name: 'chunk header and payload',
    covers: [
      'protocols/framing/chunk.ts decodeChunkHeader',
      'protocols/framing/chunk.ts decodeChunkPayload'
    ],
    seeds: vectorSeeds('framing').filter(({ length }) => length >= 6),
    decode: (bytes) => {
      if (bytes.length < 6) return
      const header = decodeChunkHeader(bytes.subarray(0, 6), SNAPPY_MAX_BYTES)
      const payload = bytes.subarray(6, 6 + header.lengthBytes)
      // The parser calls it when all of it has come.
      if (payload.length === header.lengthBytes)
        decodeChunkPayload(header, payload, SNAPPY_MAX_BYTES)
    },
    isDeclared: isOf(FramingError)
  },
  {
    name: 'snappy block',
    covers: [
      'protocols/snappy-block.ts decompressBlock',
      'protocols/snappy-block.ts decompressedBytes'
    ],
    seeds: [...vectorSeeds('gossip'), ...BLOCK_SEEDS.map(compressBlock)],
    decode: (bytes) => {
      decompressedBytes(bytes)
      decompressBlock(bytes, SNAPPY_MAX_BYTES)
    },
    isDeclared: isOf(SnappyError)
  },
  {
    name: 'gossiped message',
    covers: ['protocols/gossip/codec.ts decompressMessage'],
    seeds: [...vectorSeeds('gossip'), ...BLOCK_SEEDS.map(compressBlock)],
    decode: decompressMessage,
    isDeclared: isProtocolError
  },
  {
    name: 'gossiped message, in slices',
    covers: ['protocols/snappy-slices.ts decompressInSlices'],
    seeds: BLOCK_SEEDS.map(compressBlock),
    decode: (bytes) => decompressInSlices(bytes, SNAPPY_MAX_BYTES, () => undefined),
    isDeclared: isOf(SnappyError)
  },
  {
    name: 'gossiped message, its id',
    covers: ['protocols/gossip/codec.ts messageId'],
    seeds: [...vectorSeeds('gossip'), ...BLOCK_SEEDS.map(compressBlock)],
    decode: (bytes) =>
      messageId((it) => createHash('sha256').update(it).digest(), '/optimism/901/3/blocks', bytes),
    isDeclared: isNothing
  },
  {
    name: 'gossip topic',
    covers: ['protocols/gossip/topic.ts parseBlocksTopic'],
    seeds: textSeeds('/optimism/901/0/blocks', '/optimism/18446744073709551615/3/blocks'),
    decode: (bytes) => parseBlocksTopic(textOf(bytes)),
    isDeclared: isNothing
  },
  {
    name: 'transaction',
    covers: [
      'src/execution/transaction.ts prepareTransaction',
      'src/rpc/decode-transaction.ts decodeTransaction',
      'src/rpc/decode-transaction.ts decodeFees'
    ],
    seeds: TRANSACTION_SEEDS,
    // Fees are read of sound transactions alone: those of a block.
    decode: (bytes) => [
      decodeTransaction(bytes, createEvmCommon(EXECUTION_CHAIN_ID)),
      decodeFees(bytes)
    ],
    isDeclared: isOf(TransactionError)
  },
  {
    name: 'trie node',
    covers: ['src/trie/node-decode.ts decodeNode', 'src/trie/node.ts readReference'],
    seeds: NODE_SEEDS,
    decode: (bytes) => {
      const node = decodeNode(bytes, new Uint8Array())
      if (node.kind === 'branch') node.encodedChildren()
    },
    isDeclared: isOf(TrieError)
  }
]
