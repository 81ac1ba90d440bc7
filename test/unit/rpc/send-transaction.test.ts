// eth_sendRawTransaction: what is taken, and what each refused transaction is told.
import assert from 'node:assert/strict'
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/base/bytes.ts'
import { PoolError, type PoolFailure } from '../../../src/execution/pool-admission.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { toTransactionError } from '../../../src/rpc/transaction-errors.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { authorization, signedTx, type TxFields } from '../../support/execution-transactions.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const TO = testAddress(9)
const good: TxFields = { from: 3, to: TO, gasLimit: 21_000n }
const raw = signedTx(good)

let rpc: RpcChainFixture

/** The hooks of each group of tests. */
function useFixture(): void {
  beforeEach(async () => {
    rpc = await openRpcChain()
  })
}

async function errorOf(bytes: Uint8Array) {
  const { error } = await rpc.ask('eth_sendRawTransaction', bytesToHex(bytes))
  return error
}

describe('eth_sendRawTransaction', () => {
  useFixture()

  it('takes a transaction, gives its hash, and shows it as pending', async () => {
    const hash = bytesToHex(keccak256(raw))
    assert.equal(await rpc.result('eth_sendRawTransaction', bytesToHex(raw)), hash)
    const pending = (await rpc.result('eth_getTransactionByHash', hash)) as Record<string, unknown>
    assert.deepEqual(
      [
        pending.hash,
        pending.from,
        pending.blockHash,
        pending.blockNumber,
        pending.transactionIndex
      ],
      [hash, testAddress(3), null, null, null]
    )
    assert.deepEqual(await rpc.result('txpool_status'), { pending: '0x1', queued: '0x0' })
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(3), 'pending'), '0x1')
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(3), 'latest'), '0x0')
    assert.equal(await rpc.result('eth_getTransactionReceipt', hash), null)
  })
  for (const [what, fields] of [
    ['legacy', { type: 0 }],
    ['access list', { type: 1 }],
    ['fee market', { type: 2 }],
    [
      'set code',
      { type: 4, gasLimit: 100_000n, authorizationList: [authorization({ from: 4, target: TO })] }
    ]
  ] as const) {
    it(`takes the type ${what}`, async () => {
      assert.equal(await errorOf(signedTx({ ...good, ...fields })), undefined)
    })
  }
})

/** Bytes that no signing gives. */
const DAMAGED: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
  ['nothing', new Uint8Array(0), /^rlp: malformed transaction: it is empty$/],
  ['a type alone', Uint8Array.of(2), /^rlp: malformed transaction: /],
  ['a cut transaction', raw.subarray(0, raw.length - 1), /^rlp: malformed transaction: /],
  ['a transaction and a byte', concatBytes(raw, Uint8Array.of(0)), /^rlp: malformed transaction: /],
  ['an empty list', Uint8Array.of(0xc0), /^rlp: malformed transaction: /],
  ['a list of lists', Uint8Array.of(0xc2, 0xc0, 0xc0), /^rlp: malformed transaction: /],
  ['a fee market one of no fields', Uint8Array.of(2, 0xc0), /^rlp: malformed transaction: /],
  [
    'blobs',
    concatBytes(Uint8Array.of(3), raw.subarray(1)),
    /^transaction type not supported: 3 \(blob\)$/
  ],
  ['a deposit', Uint8Array.of(0x7e, 0xc0), /^transaction type not supported: 126 \(deposit\)$/],
  ['an unknown type', Uint8Array.of(5, 0xc0), /^transaction type not supported: 5 \(unknown\)$/],
  ['a text', hexToBytes('0x68656c6c6f'), /^transaction type not supported: 104 \(unknown\)$/]
]

const REFUSED: readonly (readonly [what: string, fields: TxFields, message: RegExp])[] = [
  ['another chain', { chainId: 17n }, /^invalid chain id for signer: have 17 want 901$/],
  [
    'another chain, legacy',
    { type: 0, chainId: 17n },
    /^invalid chain id for signer: have 17 want 901$/
  ],
  [
    'no chain at all',
    { type: 0, isUnprotected: true },
    /^only replay-protected \(EIP-155\) transactions allowed over RPC$/
  ],
  ['no tip', { tip: 0n }, /^transaction gas price below minimum: gas tip cap 0, minimum needed 1$/],
  [
    'no gas price',
    { type: 0, price: 0n },
    /^transaction gas price below minimum: gas tip cap 0, minimum needed 1$/
  ],
  ['a used nonce', { from: 0, nonce: 1n }, /^nonce too low: next nonce 2, tx nonce 1$/],
  [
    'more than there is',
    { value: 10n ** 24n },
    // 10^24 and 21,000 times 100 gwei
    /^insufficient funds for gas \* price \+ value: balance 1000000000000000000000000, tx cost 1000000002100000000000000, overshot 2100000000000000$/
  ],
  [
    'an account without funds',
    { from: 50 },
    /^insufficient funds .* balance 0, tx cost 2100000000000000, overshot 2100000000000000$/
  ],
  [
    'too little gas',
    { gasLimit: 20_999n },
    /^intrinsic gas too low: gas 20999, minimum needed 21000$/
  ],
  [
    'too little gas for its bytes',
    // 21,000 and 10 for each of four tokens: EIP-7623's floor
    { gasLimit: 21_039n, data: Uint8Array.of(1) },
    /^intrinsic gas too low: gas 21039, minimum needed 21040$/
  ],
  [
    'more gas than a block has',
    { gasLimit: 30_000_001n },
    /^exceeds block gas limit: gas 30000001, limit 30000000$/
  ],
  [
    'too much code to deploy',
    { to: undefined, gasLimit: 30_000_000n, data: new Uint8Array(49_153) },
    /^max initcode size exceeded: code size 49153, limit 49152$/
  ],
  [
    'too many bytes',
    { gasLimit: 30_000_000n, data: new Uint8Array(128 * 1024) },
    /^oversized data: transaction size \d+, limit 131072$/
  ]
]

describe('eth_sendRawTransaction refuses', () => {
  useFixture()

  for (const [what, bytes, message] of DAMAGED) {
    it(`${what}, and says so`, async () => {
      const error = await errorOf(bytes)
      assert.equal(error?.code, -32000)
      assert.match(error.message, message)
    })
  }
  for (const [what, fields, message] of REFUSED) {
    it(`${what}, and says so`, async () => {
      const error = await errorOf(signedTx({ ...good, ...fields }))
      assert.equal(error?.code, -32000)
      assert.match(error.message, message)
      assert.deepEqual(await rpc.result('txpool_status'), { pending: '0x0', queued: '0x0' })
    })
  }
  it('a signature of nobody', async () => {
    const forged = Uint8Array.from(raw)
    forged.fill(0, forged.length - 32)
    const error = await errorOf(forged)
    assert.equal(error?.code, -32000)
    assert.match(error.message, /^(invalid sender|rlp: malformed transaction): /)
  })
  it('the same one twice', async () => {
    assert.equal(await errorOf(raw), undefined)
    assert.deepEqual(await errorOf(raw), { code: -32000, message: 'already known' })
  })
  it('another one of its nonce that pays too little more', async () => {
    assert.equal(await errorOf(raw), undefined)
    const error = await errorOf(signedTx({ ...good, price: 109_999_999_999n }))
    assert.deepEqual(error, {
      code: -32000,
      message:
        'replacement transaction underpriced: at nonce 0, fee cap must be at least 110000000000'
    })
    assert.equal(
      await errorOf(signedTx({ ...good, price: 110_000_000_000n, tip: 1_100_000_000n })),
      undefined
    )
  })
  it('what is no hex before it looks at it', async () => {
    const { error } = await rpc.ask('eth_sendRawTransaction', 'hello')
    assert.equal(error?.code, -32602)
  })
})

describe('toTransactionError', () => {
  useFixture()

  const rows: readonly (readonly [PoolFailure, string])[] = [
    [
      { code: 'nonce-too-high', nonce: 9n, expected: 4n },
      'nonce too high: next nonce 4, tx nonce 9'
    ],
    [{ code: 'nonce-exhausted', nonce: 9n }, 'nonce has max value: 9'],
    [
      { code: 'fee-cap-below-base-fee', feeCap: 1n, baseFee: 2n },
      'max fee per gas less than block base fee: maxFeePerGas 1, baseFee 2'
    ],
    [
      { code: 'tip-above-fee-cap', tip: 3n, feeCap: 2n },
      'max priority fee per gas higher than max fee per gas: tip 3, cap 2'
    ],
    [{ code: 'sender-has-code' }, 'sender not an eoa'],
    [
      { code: 'authorization-list-invalid', reason: 'the list is empty' },
      'invalid authorization list: the list is empty'
    ],
    [
      { code: 'pool-full-underpriced', slotsMax: 5 },
      'transaction underpriced: the pool is full (5 slots) with ones that pay more; pay a higher tip, or send it later'
    ],
    [
      { code: 'queue-full', slotsMax: 5 },
      'txpool is full: 5 slots of transactions that wait for a nonce; send the missing nonce first'
    ],
    [
      { code: 'sender-queue-full', slotsMax: 6 },
      'account limit exceeded: 6 slots of one sender that wait for a nonce; send the missing nonce first'
    ],
    [
      { code: 'funds-overshot', balance: 7n, queuedCost: 5n, cost: 4n },
      'insufficient funds for gas * price + value: balance 7, queued cost 5, tx cost 4, overshot 2'
    ],
    [{ code: 'delegated-gap' }, 'gapped-nonce tx from delegated accounts'],
    [{ code: 'delegated-limit' }, 'in-flight transaction limit reached for delegated accounts'],
    [{ code: 'transaction-signature-invalid', reason: 'no key' }, 'invalid sender: no key']
  ]
  for (const [failure, message] of rows) {
    it(`says of ${failure.code}: ${message}`, () => {
      const error = toTransactionError(new PoolError(failure))
      assert.ok(error instanceof RpcError)
      assert.deepEqual([error.code, error.message], [-32000, message])
    })
  }
  it('leaves every other failure as it is', () => {
    const other = new Error('disk')
    assert.equal(toTransactionError(other), other)
  })
})
