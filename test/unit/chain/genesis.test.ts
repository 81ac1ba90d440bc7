// The genesis file: what a sound one says, and every way to be wrong, each named by its key.
import assert from 'node:assert/strict'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import {
  ADDRESS,
  type Json,
  OTHER,
  problemsOf,
  SLOT,
  withAccount,
  withConfig,
  withFile,
  withRekindle,
  WORD
} from './genesis-fixture.ts'

describe('parseGenesis', () => {
  it('reads a file with nothing but what it must have', () => {
    const genesis = parseGenesis(withFile({}))
    assert.deepEqual(genesis, {
      config: {
        chainId: 901n,
        blockTimeMs: 1000,
        forks: {
          regolith: 0n,
          canyon: 0n,
          ecotone: 0n,
          fjord: 0n,
          granite: 0n,
          holocene: 0n,
          isthmus: 0n
        },
        signers: [{ fromBlock: 0n, address: ADDRESS }]
      },
      alloc: [
        {
          address: ADDRESS,
          balance: 7n,
          nonce: 0n,
          code: new Uint8Array(0),
          storage: new Map()
        }
      ],
      timestamp: 101n,
      gasLimit: 30_000_000n,
      baseFeePerGas: 1_000_000_000n,
      extraData: Uint8Array.of(0, 0, 0, 0, 250, 0, 0, 0, 6),
      feeRecipient: new Uint8Array(20),
      prevRandao: new Uint8Array(32),
      nonce: new Uint8Array(8)
    })
  })

  it('reads every field that a file may choose', () => {
    const { alloc, ...header } = parseGenesis(
      withFile({
        baseFeePerGas: '0x7',
        coinbase: OTHER.toUpperCase().replace('0X', '0x'),
        mixHash: WORD,
        nonce: '0x0102',
        number: '0x0',
        gasUsed: 0,
        difficulty: '0',
        parentHash: `0x${'00'.repeat(32)}`,
        alloc: {
          [OTHER.slice(2)]: {
            balance: '0x10',
            nonce: '0x3',
            code: '0x6001',
            storage: { [SLOT]: WORD },
            secretKey: 'unused'
          }
        }
      })
    )
    assert.equal(header.baseFeePerGas, 7n)
    assert.equal(header.feeRecipient[19], 0xb2)
    assert.equal(header.prevRandao[31], 0x2a)
    assert.deepEqual(header.nonce, Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2))
    const word = new Uint8Array(32)
    word[31] = 0x2a
    assert.deepEqual(alloc, [
      {
        address: OTHER,
        balance: 16n,
        nonce: 3n,
        code: Uint8Array.of(0x60, 1),
        storage: new Map([[SLOT, word]])
      }
    ])
  })

  it('takes what it does not read, and an Ethereum fork beside its own', () => {
    const text = withConfig({
      londonBlock: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      pragueTime: '0x0',
      deltaTime: 0,
      osakaTime: null,
      optimism: { eip1559Elasticity: 6 }
    })
    assert.deepEqual(problemsOf(text), [])
  })
})

interface WrongFile {
  readonly what: string
  readonly text: string
  readonly key: string
  readonly problem: RegExp
}

const WHOLE_FILES: readonly WrongFile[] = [
  { what: 'no JSON', text: '{', key: '', problem: /^is not JSON: / },
  { what: 'a list', text: '[]', key: '', problem: /^is not a JSON object$/ },
  { what: 'null', text: 'null', key: '', problem: /^is not a JSON object$/ },
  { what: 'a text', text: '"genesis"', key: '', problem: /^is not a JSON object$/ }
]

const HEADERS: readonly (readonly [key: string, value: unknown, problem: RegExp])[] = [
  ['timestamp', 1_700_000_000_000, /these look like milliseconds$/],
  ['timestamp', -1, /^is not a whole number below 2\^53/],
  ['timestamp', 1.5, /^is not a whole number/],
  ['timestamp', '0x', /^is not a whole number/],
  ['timestamp', '0x20000000000000', /^is not a whole number below 2\^53/],
  ['timestamp', null, /^is not a whole number/],
  ['gasLimit', undefined, /^is missing: a whole number below 2\^63/],
  ['gasLimit', '4999', /^is below 5000$/],
  ['gasLimit', `0x8${'0'.repeat(15)}`, /^is not a whole number below 2\^63/],
  ['extraData', '0x0', /^is not 0x and an even number of hex digits$/],
  ['extraData', '0x00', /^is neither empty nor 00, a u32 denominator and a u32 elasticity/],
  ['extraData', '0x01000000fa00000006', /^is neither empty nor 00, /],
  ['extraData', '0x000000000000000006', /^is neither empty nor 00, /],
  ['extraData', '0x00000000fa00000000', /^is neither empty nor 00, /],
  ['baseFeePerGas', 'x', /^is not a whole number below 2\^256/],
  ['coinbase', '0x00', /^is not 0x and 40 hex digits$/],
  ['mixHash', '0x00', /^is not 0x and 64 hex digits$/],
  ['nonce', '0x10000000000000000', /^is not a whole number below 2\^64$/],
  ['number', 1, /^is not 0$/],
  ['number', 'one', /^is not a whole number below 2\^64/],
  ['gasUsed', '0x1', /^is not 0$/],
  ['difficulty', '1', /^is not 0$/],
  ['blobGasUsed', 1, /^is not 0$/],
  ['excessBlobGas', 1, /^is not 0$/],
  ['parentHash', WORD, /^is not zero$/],
  ['parentHash', '0x', /^is not 0x and 64 hex digits$/],
  ['stateHash', WORD, /^is not supported: alloc has to list the accounts$/],
  ['config', undefined, /^is missing, or is not an object$/],
  ['config', [], /^is missing, or is not an object$/],
  ['alloc', undefined, /^is missing, or is not an object$/],
  ['alloc', 'all', /^is missing, or is not an object$/]
]

const CONFIGS: readonly (readonly [key: string, value: unknown, problem: RegExp])[] = [
  ['chainId', undefined, /^is missing: a whole number below 2\^53/],
  ['chainId', 0, /^is 0$/],
  ['chainId', 2 ** 53, /^is not a whole number below 2\^53/],
  ['canyonTime', 'soon', /^is not a whole number below 2\^63/],
  ['shanghaiTime', 1, /^is not config\.canyonTime$/],
  ['cancunTime', 1, /^is not config\.ecotoneTime$/],
  ['pragueTime', 1, /^is not config\.isthmusTime$/],
  ['jovianTime', 0, /^names a fork whose rules are not known$/],
  ['osakaTime', 5, /^names a fork whose rules are not known$/],
  ['rekindle', 7, /^is not an object$/]
]

const REKINDLES: readonly (readonly [key: string, change: Json, problem: RegExp])[] = [
  ['blockTimeMs', { blockTimeMs: undefined }, /^is missing: .*--block-time MS$/],
  ['blockTimeMs', { blockTimeMs: 49 }, /^is not a whole number from 50 to 60000$/],
  ['blockTimeMs', { blockTimeMs: 60_001 }, /^is not a whole number from 50 to 60000$/],
  ['blockTimeMs', { blockTimeMs: '1000' }, /^is not a whole number/],
  ['blockTimeMs', { blockTimeMs: 99.5 }, /^is not a whole number/],
  ['signers', { signers: undefined }, /^is missing: .*--signer ADDRESS$/],
  ['signers', { signers: {} }, /^is not a list$/],
  ['signers', { signers: [] }, /^at least one signer is needed$/],
  [
    'signers',
    { signers: [{ fromBlock: 2, address: ADDRESS }] },
    /^nobody signs the blocks before 2$/
  ],
  [
    'signers',
    {
      signers: [
        { fromBlock: 0, address: ADDRESS },
        { fromBlock: 0, address: OTHER }
      ]
    },
    /^fromBlock 0 is not above the one before it$/
  ],
  ['signers[0]', { signers: [7] }, /^is missing, or is not an object$/],
  ['signers[0].fromBlock', { signers: [{ address: ADDRESS }] }, /^is missing: a whole number/],
  [
    'signers[0].address',
    { signers: [{ fromBlock: 0, address: '0x12' }] },
    /^is not an address: 0x and 40 hex digits$/
  ],
  [
    'signers[0].until',
    { signers: [{ fromBlock: 0, address: ADDRESS, until: 3 }] },
    /^is not known$/
  ],
  ['backups', { backups: 3 }, /^is not known$/]
]

const ACCOUNTS: readonly (readonly [key: string, account: unknown, problem: RegExp])[] = [
  ['', 5, /^is missing, or is not an object$/],
  ['.balance', {}, /^is missing: a whole number below 2\^256/],
  ['.balance', { balance: '-1' }, /^is not a whole number below 2\^256/],
  ['.balance', { balance: 1e300 }, /^is not a whole number/],
  ['.nonce', { balance: 0, nonce: 'x' }, /^is not a whole number below 2\^64/],
  ['.code', { balance: 0, code: '0x6' }, /^is not 0x and an even number of hex digits$/],
  ['.storage', { balance: 0, storage: [] }, /^is missing, or is not an object$/],
  ['.storage.0xg1', { balance: 0, storage: { '0xg1': WORD } }, /^is not 0x and at most 64 hex/],
  [
    `.storage.${SLOT}`,
    { balance: 0, storage: { [SLOT]: `${WORD}00` } },
    /^is not 0x and at most 64 hex digits$/
  ]
]

const WRONG_FILES: readonly WrongFile[] = [
  ...WHOLE_FILES,
  ...HEADERS.map(([key, value, problem]) => {
    return {
      what: `${key} ${JSON.stringify(value)}`,
      text: withFile({ [key]: value }),
      key,
      problem
    }
  }),
  ...CONFIGS.map(([key, value, problem]) => ({
    what: `${key} ${JSON.stringify(value)}`,
    text: withConfig({ [key]: value }),
    key: `config.${key}`,
    problem
  })),
  ...REKINDLES.map(([key, change, problem]) => ({
    what: `rekindle ${JSON.stringify(change)}`,
    text: withRekindle(change),
    key: `config.rekindle.${key}`,
    problem
  })),
  ...ACCOUNTS.map(([key, account, problem]) => ({
    what: `the account ${JSON.stringify(account)}`,
    text: withAccount(account),
    key: `alloc.${ADDRESS}${key}`,
    problem
  }))
]

describe('a genesis file with one thing wrong', () => {
  for (const { what, text, key, problem } of WRONG_FILES) {
    it(`is refused with one problem: ${what}`, () => {
      const problems = problemsOf(text)
      assert.equal(problems.length, 1, JSON.stringify(problems))
      assert.equal(problems[0]?.key, key)
      assert.match(problems[0]?.problem ?? '', problem)
    })
  }
})
