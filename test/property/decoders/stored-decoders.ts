// Decoders of what a disk gives back: both databases, the journal, the signed record.
import { z } from 'zod'
import { ProtocolError } from '../../../protocols/protocol-error.ts'
import { equalBytes } from '../../../src/base/bytes.ts'
import { crc32c } from '../../../protocols/crc32c.ts'
import { decodeAccepted } from '../../../src/chain/stored/accepted-index.ts'
import { contentTransactions, decodeContent } from '../../../src/chain/blocks/block-content.ts'
import { openEntry } from '../../../src/chain/stored/chain-entry.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { decodeHeader, encodeHeader } from '../../../src/chain/blocks/header.ts'
import {
  decodeHoloceneExtraData,
  encodeHoloceneExtraData
} from '../../../src/chain/blocks/holocene-extra.ts'
import { createNamedValue } from '../../../src/chain/stored/named-value.ts'
import { messageToHeader } from '../../../src/chain/blocks/payload.ts'
import { decodeReceiptHead } from '../../../src/chain/blocks/receipt-head.ts'
import { decodeReceipts, readReceipts } from '../../../src/chain/stored/stored-receipts.ts'
import { decodeReceipt, encodeReceipt, encodeReceipts } from '../../../src/chain/blocks/receipt.ts'
import {
  decodeBody,
  decodeEntryHead,
  decodeHeader as decodeRecordHeader,
  encodeEntry,
  encodeHeader as encodeRecordHeader,
  ENTRY_HEAD_BYTES,
  type RecordEntry
} from '../../../src/signer/record-format.ts'
import {
  decodeAccount,
  encodeSlimAccount,
  encodeTrieAccount,
  readSlimHashes
} from '../../../src/state/account-codec.ts'
import { slotKey } from '../../../src/state/entry-key.ts'
import {
  decodeJournal,
  encodeJournalHeader,
  encodeJournalLayer,
  journalOf
} from '../../../src/state/journal-codec.ts'
import { decodeSlotValue, encodeSlotValue } from '../../../src/state/slot-value.ts'
import { openValue, sealValue } from '../../../src/store/checked-value.ts'
import { CHAIN_PREFIX, nameKey } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import { type Decoder, isNothing, isOf, textSeeds, vectorSeeds } from './decoder.ts'

const HASH = `0x${'5a'.repeat(32)}` as const
const HASH_BYTES = new Uint8Array(32).fill(0x5a)
const KEY = Uint8Array.of(1, 2, 3)
const SALT = new Uint8Array(16).fill(9)

const RECEIPT = {
  type: 2,
  status: 1,
  cumulativeGasUsed: 21_000n,
  logsBloom: new Uint8Array(256),
  logs: [{ address: new Uint8Array(20).fill(3), topics: [HASH_BYTES], data: Uint8Array.of(1, 2) }]
} as const
const ACCOUNT = { nonce: 5n, balance: 10n ** 20n, storageRoot: HASH_BYTES, codeHash: HASH_BYTES }
const ENTRIES: readonly RecordEntry[] = [
  { kind: 'signed', number: 7n, hash: HASH, version: 3, message: new Uint8Array(70).fill(4) },
  { kind: 'adopted', number: 8n, hash: HASH },
  { kind: 'released', above: 8n, lastHash: HASH },
  { kind: 'heights', first: 9n, hashes: new Uint8Array(64).fill(6) },
  { kind: 'set-aside', number: 9n, hash: HASH }
]
const POINT = { number: 3n, hash: HASH, root: HASH }
const LAYER = encodeJournalLayer({
  point: POINT,
  parentHash: HASH,
  content: {
    cleared: new Set([Buffer.from(HASH_BYTES).toString('latin1')]),
    entries: new Map([
      [slotKey(HASH_BYTES, HASH_BYTES), Uint8Array.of(1, 2)],
      [slotKey(HASH_BYTES, new Uint8Array(32)), undefined]
    ]),
    sizeBytes: 0
  }
})
const JOURNAL_HEADER = encodeJournalHeader(POINT)

/** The headers of those messages of the vectors that decode. */
const HEADER_SEEDS = vectorSeeds('block-message').flatMap((message) => {
  try {
    return [encodeHeader(messageToHeader(decodeBlockMessage(3, message)))]
  } catch (thrown) {
    if (thrown instanceof ProtocolError) return []
    throw thrown
  }
})

/** What is damaged behind the checksum, as a bug of our own would: the sum is put right again. */
function resealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 8) return bytes
  const sealed = bytes.slice()
  const view = new DataView(sealed.buffer)
  view.setUint32(0, sealed.length - 8)
  view.setUint32(sealed.length - 4, crc32c(sealed.subarray(0, -4)))
  return sealed
}

/** Decoders of stored bytes. */
export const STORED_DECODERS: readonly Decoder[] = [
  {
    name: 'value with a checksum',
    covers: ['src/store/checked-value.ts openValue'],
    seeds: [sealValue(KEY, Uint8Array.of(1, 2, 3, 4))],
    decode: (bytes) => openValue(KEY, bytes),
    isDeclared: isNothing
  },
  {
    name: 'chain entry',
    covers: [
      'src/chain/stored/chain-entry.ts openEntry',
      'src/chain/stored/chain-entry.ts readEntry'
    ],
    seeds: [sealValue(KEY, Uint8Array.of(1, 2, 3, 4))],
    decode: (bytes) => openEntry('content', KEY, bytes),
    isDeclared: isOf(ChainError)
  },
  {
    name: 'accepted index',
    covers: [
      'src/chain/stored/accepted-index.ts decodeAccepted',
      'src/chain/stored/accepted-index.ts readAccepted'
    ],
    seeds: [new Uint8Array(52 * 3).fill(1)],
    decode: decodeAccepted,
    isDeclared: isNothing
  },
  {
    name: 'block content',
    covers: ['src/chain/blocks/block-content.ts decodeContent'],
    seeds: vectorSeeds('block-message').map((message) =>
      Uint8Array.of(3, 1, ...new Uint8Array(20), ...message)
    ),
    decode: (bytes) => contentTransactions(decodeContent(bytes)),
    isDeclared: isOf(RangeError, ProtocolError)
  },
  {
    name: 'header',
    covers: ['src/chain/blocks/header.ts decodeHeader'],
    seeds: HEADER_SEEDS,
    decode: decodeHeader,
    isDeclared: isOf(ChainError)
  },
  {
    name: 'extra data of Holocene',
    covers: ['src/chain/blocks/holocene-extra.ts decodeHoloceneExtraData'],
    seeds: [encodeHoloceneExtraData({ denominator: 250, elasticity: 6 })],
    decode: decodeHoloceneExtraData,
    isDeclared: isNothing
  },
  {
    name: 'receipt',
    covers: ['src/chain/blocks/receipt.ts decodeReceipt'],
    seeds: [encodeReceipt(RECEIPT), encodeReceipt({ ...RECEIPT, type: 0 })],
    decode: decodeReceipt,
    isDeclared: isOf(ChainError)
  },
  {
    name: 'receipt head',
    covers: ['src/chain/blocks/receipt-head.ts decodeReceiptHead'],
    seeds: [encodeReceipt(RECEIPT), encodeReceipt({ ...RECEIPT, type: 0 })],
    decode: decodeReceiptHead,
    isDeclared: isOf(ChainError)
  },
  {
    name: 'receipts',
    covers: ['src/chain/stored/stored-receipts.ts decodeReceipts'],
    seeds: [encodeReceipts([RECEIPT, RECEIPT])],
    decode: decodeReceipts,
    isDeclared: isOf(ChainError)
  },
  {
    name: 'receipts, log by log',
    covers: ['src/chain/stored/stored-receipts.ts readReceipts'],
    seeds: [encodeReceipts([RECEIPT, RECEIPT])],
    decode: (bytes) =>
      [...readReceipts(bytes)].map(({ logs, logsCount }) => [...logs(), logsCount()]),
    isDeclared: isOf(ChainError)
  },
  {
    name: 'named value',
    covers: ['src/chain/stored/named-value.ts createNamedValue'],
    seeds: textSeeds('{"a":1,"b":-2.5e3}', '{"a":[1,2,{"b":null}],"c":"\\u0000"}', '[[[[]]]]'),
    decode: async (bytes) => {
      const store = createMemoryStore()
      const key = nameKey(CHAIN_PREFIX.named, 'fuzzed')
      await store.batch([{ type: 'put', key, value: sealValue(key, bytes) }], { sync: true })
      return createNamedValue(store, 'fuzzed', (json) =>
        z.record(z.string(), z.number()).parse(json)
      ).load()
    },
    isDeclared: isOf(ChainError)
  },
  {
    name: 'signed record, its header',
    covers: ['src/signer/record-format.ts decodeHeader'],
    seeds: [
      encodeRecordHeader({
        chainId: 901n,
        genesisHash: HASH,
        signer: `0x${'11'.repeat(20)}`,
        salt: SALT
      })
    ],
    decode: decodeRecordHeader,
    isDeclared: isNothing
  },
  {
    name: 'signed record, an entry',
    covers: [
      'src/signer/record-format.ts decodeEntryHead',
      'src/signer/record-format.ts decodeBody'
    ],
    seeds: ENTRIES.map((entry) => encodeEntry(SALT, entry)),
    decode: (bytes) => {
      if (bytes.length < ENTRY_HEAD_BYTES) return
      decodeEntryHead(crc32c(SALT), bytes.subarray(0, ENTRY_HEAD_BYTES))
      decodeBody(bytes.subarray(ENTRY_HEAD_BYTES))
    },
    isDeclared: isNothing
  },
  {
    name: 'account',
    covers: ['src/state/account-codec.ts decodeAccount'],
    seeds: [encodeTrieAccount(ACCOUNT), encodeSlimAccount(ACCOUNT)],
    decode: decodeAccount,
    isDeclared: isOf(RangeError)
  },
  {
    name: 'account of a diff',
    covers: ['src/state/account-codec.ts readSlimHashes'],
    seeds: [encodeSlimAccount(ACCOUNT)],
    decode: readSlimHashes,
    isDeclared: isOf(RangeError)
  },
  {
    name: 'slot value',
    covers: ['src/state/slot-value.ts decodeSlotValue'],
    seeds: [encodeSlotValue(HASH_BYTES), encodeSlotValue(Uint8Array.of(1))],
    decode: decodeSlotValue,
    isDeclared: isOf(RangeError)
  },
  {
    name: 'journal',
    covers: ['src/state/journal-codec.ts decodeJournal', 'src/state/read-journal.ts readJournal'],
    seeds: [
      Buffer.concat([JOURNAL_HEADER, LAYER, LAYER]),
      Buffer.concat([JOURNAL_HEADER, LAYER])
    ].map((bytes) => new Uint8Array(bytes)),
    decode: (bytes) => decodeJournal(journalOf(bytes)),
    isDeclared: isNothing
  },
  {
    name: 'journal layer behind a good checksum',
    covers: ['src/state/journal-codec.ts decodeJournal'],
    seeds: [LAYER],
    decode: async (bytes) => {
      const whole = new Uint8Array(Buffer.concat([JOURNAL_HEADER, resealed(bytes)]))
      const { layers } = await decodeJournal(journalOf(whole))
      for (const { content } of layers) {
        if ([...content.entries.keys()].length !== content.entries.size)
          throw new Error('lost entries')
      }
      return equalBytes(whole, bytes)
    },
    isDeclared: isNothing
  }
]
