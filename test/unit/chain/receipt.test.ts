// Receipts, their root and blooms, against @ethereumjs/vm and published values.
import assert from 'node:assert/strict'
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { Bloom, encodeReceipt as encodeOracle } from '@ethereumjs/vm'
import fc from 'fast-check'
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import {
  blockBloom,
  bloomContains,
  decodeReceipt,
  encodeReceipt,
  encodeReceipts,
  type Log,
  logsBloom,
  type Receipt,
  receiptsRoot
} from '../../../src/chain/blocks/receipt.ts'
import { decodeReceiptHead } from '../../../src/chain/blocks/receipt-head.ts'
import { decodeReceipts, readReceipts } from '../../../src/chain/stored/stored-receipts.ts'
import { bytes, plainRecord } from '../../support/payload-arbitraries.ts'

/** Those of a block as reading them one log at a time gives them. */
function readAll(encoded: Uint8Array): readonly Receipt[] {
  return [...readReceipts(encoded)].map(({ encoded: own, logs, logsCount, ...head }) => {
    const read = [...logs()]
    assert.equal(logsCount(), read.length)
    assert.deepEqual(own, encodeReceipt({ ...head, logs: read }))
    return { ...head, logs: read }
  })
}

const log: fc.Arbitrary<Log> = plainRecord({
  address: bytes(20),
  topics: fc.array(bytes(32), { maxLength: 4 }),
  data: fc.uint8Array({ maxLength: 80 })
})

// From 1: @ethereumjs/vm writes 0 as a zero byte, which is no integer in RLP; a transaction always uses gas.
const receipt: fc.Arbitrary<Receipt> = plainRecord({
  type: fc.constantFrom(0, 1, 2, 4, 0x7e),
  status: fc.constantFrom<0 | 1>(0, 1),
  cumulativeGasUsed: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  logsBloom: bytes(256),
  logs: fc.array(log, { maxLength: 5 })
})

describe('a receipt', () => {
  it('is encoded as @ethereumjs/vm does, and decodes to itself', () => {
    fc.assert(
      fc.property(receipt, (value) => {
        const oracle = encodeOracle(
          {
            status: value.status,
            cumulativeBlockGasUsed: value.cumulativeGasUsed,
            bitvector: value.logsBloom,
            logs: value.logs.map(({ address, topics, data }) => [address, [...topics], data])
          },
          value.type as Parameters<typeof encodeOracle>[1]
        )
        assert.deepEqual(encodeReceipt(value), oracle)
        assert.deepEqual(decodeReceipt(encodeReceipt(value)), value)
      })
    )
  })
  it('gives its sums without a look into its logs', () => {
    fc.assert(
      fc.property(receipt, (value) => {
        const { cumulativeGasUsed, logsBloom } = value
        assert.deepEqual(decodeReceiptHead(encodeReceipt(value)), { cumulativeGasUsed, logsBloom })
      })
    )
  })
  it('stands among others of its block as one value', () => {
    fc.assert(
      fc.property(fc.array(receipt, { maxLength: 6 }), (values) => {
        const encoded = encodeReceipts(values)
        assert.deepEqual(decodeReceipts(encoded), values)
        assert.deepEqual(readAll(encoded), values)
      })
    )
  })

  const good: Receipt = {
    type: 2,
    status: 1,
    cumulativeGasUsed: 21_000n,
    logsBloom: new Uint8Array(256),
    logs: []
  }
  const fields = (change: Readonly<Record<number, unknown>>) =>
    RLP.encode(
      Object.values({
        ...{ 0: Uint8Array.of(1), 1: Uint8Array.of(5), 2: new Uint8Array(256), 3: [] },
        ...change
      })
    )
  for (const [what, encoded] of [
    ['no bytes', new Uint8Array(0)],
    ['a type and nothing else', Uint8Array.of(2)],
    ['a cut receipt', encodeReceipt(good).subarray(0, 200)],
    ['a receipt with bytes behind it', Uint8Array.of(...encodeReceipt(good), 0)],
    ['a type beyond 127', Uint8Array.of(0x80, ...encodeReceipt({ ...good, type: 0 }))],
    ['five fields', fields({ 4: Uint8Array.of(1) })],
    ['a status of 2', fields({ 0: Uint8Array.of(2) })],
    ['a state root for a status', fields({ 0: new Uint8Array(32).fill(1) })],
    ['a bloom of 255 bytes', fields({ 2: new Uint8Array(255) })],
    ['logs that are no list', fields({ 3: Uint8Array.of(1) })]
  ] as const) {
    it(`is not decoded from ${what}, nor are its sums`, () => {
      assert.throws(() => decodeReceipt(encoded), isMalformed)
      assert.throws(() => decodeReceiptHead(encoded), isMalformed)
      assert.throws(() => readAll(RLP.encode([encoded])), isMalformed)
    })
  }
  for (const [what, encoded] of [
    ['a log that is no list', fields({ 3: [Uint8Array.of(1)] })],
    ['a log of two fields', fields({ 3: [[new Uint8Array(20), []]] })],
    ['an address of 19 bytes', fields({ 3: [[new Uint8Array(19), [], new Uint8Array(0)]] })],
    [
      'a topic of 31 bytes',
      fields({ 3: [[new Uint8Array(20), [new Uint8Array(31)], new Uint8Array(0)]] })
    ],
    [
      'five topics',
      fields({
        3: [[new Uint8Array(20), Array<Uint8Array>(5).fill(new Uint8Array(32)), new Uint8Array(0)]]
      })
    ]
  ] as const) {
    it(`is not decoded from ${what}`, () => {
      assert.throws(() => decodeReceipt(encoded), isMalformed)
      assert.throws(() => readAll(RLP.encode([encoded])), isMalformed)
    })
  }
  it('is read no further than the log that is asked for', () => {
    const none = { address: new Uint8Array(20), topics: [], data: new Uint8Array(0) }
    const encoded = encodeReceipts([{ ...good, logs: Array<Log>(3).fill(none) }, good])
    const lastLogStart = encoded.length - encodeReceipt(good).length - 10
    const [first] = readReceipts(encoded.fill(0xff, lastLogStart))
    const [log] = first?.logs() ?? []
    assert.deepEqual(log, none)
    assert.throws(() => [...(first?.logs() ?? [])], isMalformed)
  })
  it('is decoded from the fields that the cases above change', () => {
    assert.equal(decodeReceipt(fields({})).status, 1)
  })
})

describe('the root of receipts', () => {
  it('is that of the trie of rlp(index) → receipt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(receipt, { maxLength: 5 }), async (values) => {
        const trie = await createMPT()
        for (const [index, value] of values.entries()) {
          await trie.put(RLP.encode(index), encodeReceipt(value))
        }
        assert.deepEqual(receiptsRoot(values), trie.root())
      }),
      { numRuns: 30 }
    )
  })
})

describe('a bloom', () => {
  it('is the one that @ethereumjs/vm gives', () => {
    fc.assert(
      fc.property(fc.array(log, { maxLength: 10 }), (logs) => {
        const oracle = new Bloom()
        for (const { address, topics } of logs) {
          oracle.add(address)
          for (const topic of topics) oracle.add(topic)
        }
        assert.deepEqual(logsBloom(logs), oracle.bitvector)
      })
    )
  })
  it('contains every address and topic of its logs, and of a block those of all receipts', () => {
    fc.assert(
      fc.property(fc.array(log, { minLength: 1, maxLength: 6 }), (logs) => {
        const receipts = logs.map((one): Receipt => {
          const bloom = logsBloom([one])
          return { type: 0, status: 1, cumulativeGasUsed: 0n, logsBloom: bloom, logs: [one] }
        })
        const bloom = blockBloom(receipts)
        assert.deepEqual(bloom, logsBloom(logs))
        for (const { address, topics } of logs) {
          for (const value of [address, ...topics]) assert.ok(bloomContains(bloom, value))
        }
      })
    )
  })
  it('sets the bits of the Yellow Paper’s example', () => {
    const address = hexToBytes('0x0f572e5295c57f15886f9b263e2f6d2d6c7b5ec6')
    const bloom = logsBloom([{ address, topics: [], data: new Uint8Array(0) }])
    const bits = [...bloom].reduce((sum, byte) => sum + byte.toString(2).split('1').length - 1, 0)
    assert.equal(bits, 3, bytesToHex(bloom))
    // Bits 1323, 431 and 1319.
    for (const bit of [1323, 431, 1319]) assert.ok((bloom[255 - (bit >> 3)]! >> (bit & 7)) & 1)
  })
  it('of nothing contains nothing', () => {
    assert.equal(bloomContains(new Uint8Array(256), new Uint8Array(20)), false)
  })
})

function isMalformed(thrown: unknown): boolean {
  return thrown instanceof ChainError && thrown.failure.code === 'receipt-malformed'
}
