// Parameters of JSON-RPC methods: what is taken, and how each wrong one is named.
import assert from 'node:assert/strict'
import { type z } from 'zod'
import { type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { callParam, stateOverrideParam } from '../../../src/rpc/call-params.ts'
import {
  addressParam,
  blockParam,
  bytesParam,
  hashParam,
  logFilterParam,
  optionalBlockParam,
  parseParams,
  quantityParam,
  storageKeyParam
} from '../../../src/rpc/params.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'

const ADDRESS = `0x${'ab'.repeat(20)}`
const HASH: Hex = `0x${'cd'.repeat(32)}`
const LOW: Hex = `0x${'01'.repeat(20)}`
const SLOT_10 = Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 10 : 0))
const TAG = { kind: 'tag', tag: 'latest' }

/** What is said of the one argument; undefined when it is taken. */
function problemOf(schema: z.ZodType, value: unknown): string | undefined {
  try {
    parseParams([value], [schema])
  } catch (thrown) {
    assert.ok(thrown instanceof RpcError, String(thrown))
    assert.equal(thrown.code, -32602)
    return thrown.message
  }
  return undefined
}

const GOOD: readonly (readonly [
  what: string,
  schema: z.ZodType,
  value: unknown,
  parsed: unknown
])[] = [
  ['an address', addressParam, ADDRESS, ADDRESS],
  ['an address with a checksum', addressParam, `0x${'Ab'.repeat(20)}`, ADDRESS],
  ['a hash', hashParam, `0x${'CD'.repeat(32)}`, HASH],
  ['no bytes', bytesParam, '0x', '0x'],
  ['bytes', bytesParam, '0x00Ff', '0x00ff'],
  ['zero', quantityParam, '0x0', 0n],
  ['an empty string for zero', quantityParam, '', 0n],
  ['a quantity with a large X', quantityParam, '0X1f', 31n],
  ['an empty string for no bytes', bytesParam, '', '0x'],
  ['the largest quantity', quantityParam, `0x${'f'.repeat(64)}`, 2n ** 256n - 1n],
  ['a block number', blockParam, '0xff', { kind: 'number', number: 255n }],
  [
    'the largest block number',
    blockParam,
    '0x7fffffffffffffff',
    { kind: 'number', number: 2n ** 63n - 1n }
  ],
  ['latest', blockParam, 'latest', { kind: 'tag', tag: 'latest' }],
  ['finalized', blockParam, 'finalized', { kind: 'tag', tag: 'finalized' }],
  ['a block hash in an object', blockParam, { blockHash: HASH }, { kind: 'hash', hash: HASH }],
  [
    'a block hash that must be canonical',
    blockParam,
    { blockHash: HASH, requireCanonical: true },
    { kind: 'hash', hash: HASH }
  ],
  ['a block hash alone', blockParam, HASH, { kind: 'hash', hash: HASH }],
  [
    'a block number in an object',
    blockParam,
    { blockNumber: '0x1' },
    { kind: 'number', number: 1n }
  ],
  ['a call of nothing', callParam, {}, {}],
  [
    'a call with unknown fields, and null for what may be left out',
    callParam,
    { to: null, gas: null, accessList: null, type: '0x2', chainId: '0x1' },
    { chainId: 1n }
  ],
  ['a call of null', callParam, null, {}],
  [
    'a call with data and input that differ',
    callParam,
    { data: '0x01', input: '0x02' },
    { data: '0x01', input: '0x02' }
  ],
  [
    'a call with an access list',
    callParam,
    { accessList: [{ address: ADDRESS, storageKeys: [HASH] }] },
    { accessList: [{ address: ADDRESS, storageKeys: [HASH] }] }
  ],
  ['overrides of null', stateOverrideParam, null, []],
  [
    'overrides, which are sorted by address',
    stateOverrideParam,
    { [ADDRESS]: { nonce: '0x1', code: null }, [LOW]: { stateDiff: { [HASH]: HASH } } },
    [
      { address: LOW, stateDiff: [[HASH, HASH]] },
      { address: ADDRESS, nonce: 1n }
    ]
  ],
  ['a slot without 0x', storageKeyParam, 'a', { bytes: SLOT_10, shown: '0xa' }],
  ['a slot in 32 bytes', storageKeyParam, HASH, { bytes: hexToBytes(HASH), shown: HASH }],
  ['a slot with leading zeros', storageKeyParam, '0x000a', { bytes: SLOT_10, shown: '0xa' }],
  ['a block by tag in an object', blockParam, { blockNumber: 'latest', blockHash: null }, TAG],
  ['a block of null where it may be left out', optionalBlockParam, null, TAG],
  [
    'a call with data twice, the same',
    callParam,
    { data: '0xAA', input: '0xaa' },
    { data: '0xaa', input: '0xaa' }
  ],
  ['a filter of nothing', logFilterParam, {}, {}],
  ['a filter of one address', logFilterParam, { address: ADDRESS }, { address: [ADDRESS] }],
  [
    'a filter of topics',
    logFilterParam,
    { address: null, topics: [null, HASH, [HASH, null], []] },
    { topics: [null, HASH, null, []] }
  ]
]

const BLOCK_PROBLEM =
  'must be a block number (0x and hex digits without leading zeros), a block hash, a tag (latest, pending, earliest) or {blockHash}'
const TOPIC_PROBLEM = 'must be a topic of 0x and 64 hex digits, null, or a list of at most 64'

const BAD: readonly (readonly [
  what: string,
  schema: z.ZodType,
  value: unknown,
  problem: string
])[] = [
  ['nothing', addressParam, undefined, 'argument 0: is missing'],
  ['a short address', addressParam, '0x12', 'argument 0: must be an address: 0x and 40 hex digits'],
  [
    'an address without 0x',
    addressParam,
    'ab'.repeat(20),
    'argument 0: must be an address: 0x and 40 hex digits'
  ],
  [
    'a hash of 31 bytes',
    hashParam,
    `0x${'cd'.repeat(31)}`,
    'argument 0: must be a hash: 0x and 64 hex digits'
  ],
  [
    'bytes of an odd length',
    bytesParam,
    '0x123',
    'argument 0: must be bytes: 0x and an even number of hex digits'
  ],
  [
    'bytes without 0x',
    bytesParam,
    '12',
    'argument 0: must be bytes: 0x and an even number of hex digits'
  ],
  [
    'a quantity without digits',
    quantityParam,
    '0x',
    'argument 0: must be a quantity: 0x and hex digits without leading zeros'
  ],
  [
    'a quantity in decimal',
    quantityParam,
    '12',
    'argument 0: must be a quantity: 0x and hex digits without leading zeros'
  ],
  [
    'a quantity of 257 bits',
    quantityParam,
    `0x1${'0'.repeat(64)}`,
    'argument 0: must be a quantity: 0x and hex digits without leading zeros'
  ],
  [
    'a negative quantity',
    quantityParam,
    '-0x1',
    'argument 0: must be a quantity: 0x and hex digits without leading zeros'
  ],
  ['a number', quantityParam, 12, 'argument 0: Invalid input: expected string, received number'],
  ['a block as a number', blockParam, 12, `argument 0: ${BLOCK_PROBLEM}`],
  ['a tag that is none', blockParam, 'newest', `argument 0: ${BLOCK_PROBLEM}`],
  [
    'a block number above 2^63 - 1',
    blockParam,
    '0x8000000000000000',
    `argument 0: ${BLOCK_PROBLEM}`
  ],
  ['a block object of nothing', blockParam, {}, `argument 0: ${BLOCK_PROBLEM}`],
  ['a block of null', blockParam, null, `argument 0: ${BLOCK_PROBLEM}`],
  [
    'a call that is a list',
    callParam,
    [],
    'argument 0: Invalid input: expected object, received array'
  ],
  [
    'a call to nobody',
    callParam,
    { to: '0x' },
    'argument 0.to: must be an address: 0x and 40 hex digits'
  ],
  [
    'a call with an access list that names no slots',
    callParam,
    { accessList: [{ address: ADDRESS, storageKeys: null }] },
    'argument 0.accessList.0.storageKeys: Invalid input: expected array, received null'
  ],
  [
    'an override of no account',
    stateOverrideParam,
    { '0x12': {} },
    'argument 0.0x12: the name must be an address'
  ],
  [
    'an override of a slot that is none',
    stateOverrideParam,
    { [ADDRESS]: { state: { '0x1': HASH } } },
    `argument 0.${ADDRESS}.state.0x1: the name must be a slot of 0x and 64 hex digits`
  ],
  [
    'a quantity with leading zeros',
    quantityParam,
    '0x010',
    'argument 0: must be a quantity: 0x and hex digits without leading zeros'
  ],
  [
    'a slot of 33 bytes',
    storageKeyParam,
    `${HASH}00`,
    'argument 0: must be a storage key: hex digits of at most 32 bytes'
  ],
  [
    'a call with two wrong fields',
    callParam,
    { gas: 'much', value: '1' },
    'argument 0.gas: must be a quantity: 0x and hex digits without leading zeros; argument 0.value: must be a quantity: 0x and hex digits without leading zeros'
  ],
  [
    'a filter of a hash and a range',
    logFilterParam,
    { blockHash: HASH, toBlock: 'latest' },
    'argument 0: blockHash excludes fromBlock and toBlock'
  ],
  [
    'a filter of an address that is none',
    logFilterParam,
    { address: '0x1' },
    'argument 0.address: must be an address or a list of at most 256'
  ],
  [
    'a filter of too many addresses',
    logFilterParam,
    { address: Array<string>(257).fill(ADDRESS) },
    'argument 0.address: must be an address or a list of at most 256'
  ],
  [
    'a filter of a topic that is none',
    logFilterParam,
    { topics: [null, '0x1'] },
    `argument 0.topics.1: ${TOPIC_PROBLEM}`
  ],
  [
    'a filter of too many topics at a place',
    logFilterParam,
    { topics: [Array<string>(65).fill(HASH)] },
    `argument 0.topics.0: ${TOPIC_PROBLEM}`
  ]
]

describe('a parameter', () => {
  for (const [what, schema, value, parsed] of GOOD) {
    it(`may be ${what}`, () => {
      assert.deepEqual(parseParams([value], [schema]), [parsed])
    })
  }
  for (const [what, schema, value, problem] of BAD) {
    it(`may not be ${what}`, () => {
      assert.equal(problemOf(schema, value), `invalid params: ${problem}`)
    })
  }
  it('may not be a fifth topic', () => {
    assert.match(
      problemOf(logFilterParam, { topics: [null, null, null, null, null] }) ?? '',
      /^invalid params: argument 0\.topics: /
    )
  })
})

describe('parameters', () => {
  it('are all told of that are wrong, with their places', () => {
    assert.throws(
      () => parseParams(['0x', 'x'], [addressParam, quantityParam, hashParam]),
      new RpcError(
        -32602,
        'invalid params: argument 0: must be an address: 0x and 40 hex digits; ' +
          'argument 1: must be a quantity: 0x and hex digits without leading zeros; argument 2: is missing'
      )
    )
  })
  it('are not told of without end', () => {
    const many = Array<string>(20).fill('x')
    const shape = many.map(() => quantityParam)
    assert.throws(() => parseParams(many, shape), /argument 7: [^;]*; and 12 problems more$/)
  })
  it('may not be more than are taken', () => {
    assert.throws(() => parseParams([ADDRESS, HASH], [addressParam]), /2 given, at most 1 taken/)
    assert.deepEqual(parseParams([], []), [])
  })
})
