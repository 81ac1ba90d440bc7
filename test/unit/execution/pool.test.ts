// The transaction pool: what it takes, what it refuses and says why, what leaves it when the head moves.
import assert from 'node:assert/strict'
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, concatBytes, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { PoolError } from '../../../src/execution/pool-admission.ts'
import { TransactionPool } from '../../../src/execution/pool.ts'
import { POOL_LIMITS } from '../../../src/execution/pool-limits.ts'
import { TransactionError } from '../../../src/execution/transaction.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { initCode } from '../../support/execution-code.ts'
import { authorization, signedTx, type TxFields } from '../../support/execution-transactions.ts'

const ETHER = 10n ** 18n
const GWEI = 10n ** 9n
const TO: Hex = testAddress(7)

/** A pool over accounts that the test changes: nonce and balance by key index; 10 ether each at first. */
function createPool(limits = {}) {
  const accounts = new Map<number, { nonce: bigint; balance: bigint }>()
  for (let index = 0; index < 4; index++) accounts.set(index, { nonce: 0n, balance: 10n * ETHER })
  const byHash = new Map([0, 1, 2, 3].map((index) => [hashOf(testAddress(index)), index]))
  const pool = new TransactionPool(
    {
      common: createEvmCommon(EXECUTION_CHAIN_ID),
      head: () => ({
        blockGasLimit: 30_000_000n,
        baseFee: 50n * GWEI,
        account: (hash) => {
          const account = accounts.get(byHash.get(Buffer.from(hash).toString('hex')) ?? -1)
          return account && { ...account, codeHash: undefined }
        }
      })
    },
    { ...POOL_LIMITS, ...limits }
  )
  const add = (fields: TxFields) => pool.add(signedTx({ to: TO, gasLimit: 21_000n, ...fields }))
  return { pool, accounts, add }
}

function hashOf(address: Hex): string {
  return Buffer.from(keccak256(hexToBytes(address))).toString('hex')
}

function nonces(pool: TransactionPool, baseFee = 0n): bigint[] {
  return [...pool.byPrice(baseFee)].map(({ tx }) => tx.nonce)
}

function failureOf(action: () => unknown): Record<string, unknown> {
  try {
    action()
  } catch (thrown) {
    assert.ok(thrown instanceof PoolError || thrown instanceof TransactionError, String(thrown))
    return { ...thrown.failure }
  }
  assert.fail('nothing was thrown')
}

/** Every refusal with all of its facts. The sender has nonce 5 and 10 ether. */
const REFUSALS: readonly (readonly [name: string, raw: () => Uint8Array, expected: object])[] = [
  ['nothing', () => new Uint8Array(0), { code: 'transaction-malformed', reason: 'it is empty' }],
  [
    'a blob transaction',
    () => Uint8Array.of(3, 0xc0),
    { code: 'transaction-type-unsupported', type: 3, name: 'blob' }
  ],
  [
    'a deposit',
    () => Uint8Array.of(0x7e, 0xc0),
    { code: 'transaction-type-unsupported', type: 0x7e, name: 'deposit' }
  ],
  [
    'an unknown type',
    () => Uint8Array.of(5, 0xc0),
    { code: 'transaction-type-unsupported', type: 5, name: 'unknown' }
  ],
  ...([0, 1, 2, 4] as const).map(
    (type) =>
      [
        `type ${type} of another chain`,
        () => signedTx({ type, chainId: 17n, to: TO, ...withTuple(type) }),
        { code: 'transaction-wrong-chain', chainId: 17n, expected: EXECUTION_CHAIN_ID }
      ] as const
  ),
  [
    'a nonce that is used',
    () => signedTx({ nonce: 4n, to: TO }),
    { code: 'nonce-too-low', nonce: 4n, expected: 5n }
  ],
  [
    'a tip of nothing',
    () => signedTx({ nonce: 5n, to: TO, gasLimit: 21_000n, tip: 0n }),
    { code: 'tip-too-low', tip: 0n, tipMin: 1n }
  ],
  [
    'a legacy transaction for every chain',
    () => signedTx({ type: 0, isUnprotected: true, nonce: 5n, to: TO, gasLimit: 21_000n }),
    { code: 'unprotected' }
  ],
  [
    'too little gas for a transfer',
    () => signedTx({ nonce: 5n, to: TO, gasLimit: 20_999n }),
    { code: 'intrinsic-gas-too-low', gasLimit: 20_999n, needed: 21_000n }
  ],
  [
    'too little gas for its calldata (EIP-7623)',
    () => signedTx({ nonce: 5n, to: TO, data: new Uint8Array(100).fill(1), gasLimit: 24_999n }),
    { code: 'intrinsic-gas-too-low', gasLimit: 24_999n, needed: 25_000n }
  ],
  [
    'more gas than a block has',
    () => signedTx({ nonce: 5n, to: TO, gasLimit: 30_000_001n }),
    { code: 'above-block-gas-limit', gasLimit: 30_000_001n, blockGasLimit: 30_000_000n }
  ],
  [
    'more value than there is',
    () => signedTx({ nonce: 5n, to: TO, value: 10n * ETHER, gasLimit: 21_000n, price: GWEI }),
    {
      code: 'insufficient-funds',
      balance: 10n * ETHER,
      cost: 10n * ETHER + 21_000n * GWEI
    }
  ],
  [
    'init code above EIP-3860',
    () => signedTx({ nonce: 5n, data: new Uint8Array(49_153), gasLimit: 5_000_000n }),
    { code: 'init-code-too-large', sizeBytes: 49_153, maxBytes: 49_152 }
  ],
  [
    'more bytes than a transaction may have',
    () => signedTx({ nonce: 5n, to: TO, data: new Uint8Array(131_073), gasLimit: 5_000_000n }),
    { code: 'transaction-too-large', sizeBytes: 131_191, maxBytes: 131_072 }
  ]
]

function withTuple(type: number): Partial<TxFields> {
  return type === 4 ? { authorizationList: [authorization({ from: 1, target: TO })] } : {}
}

/** A signed transaction with one field exchanged afterwards, by its place in the list. */
function withField(type: 2 | 4, at: number, value: Uint8Array | []): Uint8Array {
  const raw = signedTx({ type, to: TO, ...withTuple(type) })
  const fields = RLP.decode(raw.subarray(1))
  assert.ok(Array.isArray(fields))
  return concatBytes(
    Uint8Array.of(type),
    RLP.encode(fields.map((field, index) => (index === at ? value : field)))
  )
}

describe('the transaction pool refuses', () => {
  for (const [name, raw, expected] of REFUSALS) {
    it(name, () => {
      const { pool, accounts } = createPool()
      accounts.set(0, { nonce: 5n, balance: 10n * ETHER })
      assert.deepEqual(
        failureOf(() => pool.add(raw())),
        expected
      )
      assert.deepEqual(pool.counts(), { pending: 0, queued: 0 })
    })
  }

  it('what is no transaction, and a signature that nobody made', () => {
    const { pool } = createPool()
    const valid = signedTx({ to: TO })
    for (const raw of [
      valid.subarray(0, valid.length - 1),
      concatBytes(valid, Uint8Array.of(0)),
      Uint8Array.of(0xc0),
      Uint8Array.of(2, 0xff),
      Uint8Array.of(4)
    ]) {
      assert.equal(failureOf(() => pool.add(raw)).code, 'transaction-malformed')
    }
    // The last 32 bytes are s: above half the order it is refused (EIP-2).
    const highS = Uint8Array.from(valid)
    highS.fill(0xff, valid.length - 32, valid.length - 16)
    assert.match(
      String(failureOf(() => pool.add(highS)).code),
      /^transaction-(malformed|signature)/
    )
  })

  const malformed: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['the last nonce there is', withField(2, 1, bigintToBytes(2n ** 64n - 1n)), /nonce/],
    ['a tip above the fee cap', withField(2, 2, bigintToBytes(2n ** 200n)), /maxPriorityFeePerGas/],
    ['no authorizations', withField(4, 9, []), /authorization list is empty/],
    ['a creation with authorizations', withField(4, 5, new Uint8Array(0)), /contract/]
  ]
  for (const [name, raw, reason] of malformed) {
    it(name, () => {
      const { pool } = createPool()
      const failure = failureOf(() => pool.add(raw))
      assert.equal(failure.code, 'transaction-malformed')
      assert.match(String(failure.reason), reason)
    })
  }

  it('the same transaction twice', () => {
    const { add } = createPool()
    const { hash } = add({})
    assert.deepEqual(
      failureOf(() => add({})),
      { code: 'already-known', hash }
    )
  })

  it('a replacement that does not pay a tenth more, cap and tip', () => {
    const { pool, add } = createPool()
    const first = add({ price: 100n * GWEI, tip: 10n * GWEI })
    for (const fees of [
      { price: 110n * GWEI, tip: 11n * GWEI - 1n },
      { price: 110n * GWEI - 1n, tip: 11n * GWEI }
    ]) {
      assert.deepEqual(
        failureOf(() => add(fees)),
        { code: 'replacement-underpriced', nonce: 0n, feeCap: 110n * GWEI }
      )
    }
    assert.equal(pool.get(first.hash), first)
    const second = add({ price: 110n * GWEI, tip: 11n * GWEI })
    assert.equal(pool.get(first.hash), undefined)
    assert.deepEqual([...pool.byPrice(0n)], [second])
  })
})

describe('the transaction pool', () => {
  it('holds back what waits for a nonce, until it comes', () => {
    const { pool, add } = createPool()
    add({ nonce: 2n })
    assert.deepEqual([pool.counts(), nonces(pool)], [{ pending: 0, queued: 1 }, []])
    add({ nonce: 0n })
    assert.deepEqual([pool.counts(), nonces(pool)], [{ pending: 1, queued: 1 }, [0n]])
    assert.equal(pool.pendingNonce(testAddress(0)), 1n)
    add({ nonce: 1n })
    assert.deepEqual([pool.counts(), nonces(pool)], [{ pending: 3, queued: 0 }, [0n, 1n, 2n]])
    assert.equal(pool.pendingNonce(testAddress(0)), 3n)
    assert.equal(pool.pendingNonce(testAddress(3)), 0n)
  })

  it('drops what the new head holds, and what its sender cannot pay any more', () => {
    const { pool, accounts, add } = createPool()
    add({ nonce: 0n })
    add({ nonce: 1n })
    const dear = add({ nonce: 2n, value: 5n * ETHER })
    add({ from: 1, nonce: 0n })
    accounts.set(0, { nonce: 1n, balance: 4n * ETHER })
    pool.headMoved([testAddress(0), testAddress(3)])
    assert.deepEqual(pool.counts(), { pending: 2, queued: 0 })
    assert.equal(pool.get(dear.hash), undefined)
    accounts.set(0, { nonce: 2n, balance: 4n * ETHER })
    accounts.set(1, { nonce: 7n, balance: 0n })
    pool.headMoved([testAddress(0), testAddress(1)])
    assert.deepEqual(pool.counts(), { pending: 0, queued: 0 })
    assert.deepEqual([...pool.byPrice(0n)], [])
  })

  it('notices in time what changed of an account that sent nothing', () => {
    const { pool, accounts, add } = createPool()
    add({ nonce: 0n })
    add({ nonce: 1n })
    const poor = add({ from: 1 })
    accounts.set(0, { nonce: 1n, balance: ETHER })
    accounts.set(1, { nonce: 0n, balance: 0n })
    pool.headMoved([])
    assert.deepEqual(nonces(pool), [1n])
    assert.equal(pool.get(poor.hash), undefined)
    assert.deepEqual(pool.counts(), { pending: 1, queued: 0 })
  })

  it('drops one on request, and calls the rest of its sender back', () => {
    const { pool, add } = createPool()
    const first = add({ nonce: 0n })
    add({ nonce: 1n })
    pool.drop(first)
    assert.deepEqual(pool.counts(), { pending: 0, queued: 1 })
    pool.drop(first) // gone already: nothing happens
    add({ nonce: 0n })
    assert.deepEqual(nonces(pool), [0n, 1n])
  })

  it('tells listeners of what it takes and can run, until they leave', () => {
    const { pool, add } = createPool()
    const heard: Hex[] = []
    const leave = pool.onAdded(({ hash }) => heard.push(hash))
    add({ nonce: 2n })
    const { hash } = add({ nonce: 0n })
    assert.throws(() => add({ nonce: 0n }))
    leave()
    add({ nonce: 1n })
    assert.deepEqual(heard, [hash])
  })

  it('takes every type that runs, and a creation', () => {
    const { pool, add } = createPool()
    for (const type of [0, 1, 2, 4] as const) {
      add({ type, nonce: BigInt(type), gasLimit: 100_000n, ...withTuple(type) })
    }
    pool.add(signedTx({ nonce: 3n, data: initCode(bigintToBytes(1n)) }))
    assert.deepEqual(nonces(pool), [0n, 1n, 2n, 3n, 4n])
  })
})
