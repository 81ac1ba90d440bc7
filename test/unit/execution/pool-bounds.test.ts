// The bounds of the transaction pool: what strangers may fill of it for nothing, and that honest ones get in beside them.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { PoolError } from '../../../src/execution/pool-admission.ts'
import { TransactionPool } from '../../../src/execution/pool.ts'
import { POOL_LIMITS, type PoolLimits } from '../../../src/execution/pool-limits.ts'
import { type PreparedTx } from '../../../src/execution/transaction.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { signedTx, type TxFields } from '../../support/execution-transactions.ts'

const ETHER = 10n ** 18n
const GWEI = 10n ** 9n
const TO: Hex = testAddress(7)
const CODE_HASH = new Uint8Array(32).fill(1)

interface TestAccount {
  nonce: bigint
  balance: bigint
  codeHash?: Uint8Array
}

/** A pool over accounts that the test changes, by key index; all that it does not name have 10 ether. */
function createPool(limits: Partial<PoolLimits> = {}) {
  const accounts = new Map<number, TestAccount>()
  const indexes = new Map<string, number>()
  const clock = { now: 0, monotonicMs: () => clock.now }
  const pool = new TransactionPool(
    {
      common: createEvmCommon(EXECUTION_CHAIN_ID),
      clock,
      head: () => ({
        blockGasLimit: 30_000_000n,
        baseFee: 50n * GWEI,
        account(hash) {
          const index = indexes.get(Buffer.from(hash).toString('hex'))
          const account = index === undefined ? undefined : accounts.get(index)
          return { nonce: 0n, balance: 10n * ETHER, codeHash: undefined, ...account }
        }
      })
    },
    { ...POOL_LIMITS, ...limits }
  )
  const add = (fields: TxFields) => {
    const { from = 0 } = fields
    indexes.set(Buffer.from(keccak256(hexToBytes(testAddress(from)))).toString('hex'), from)
    return pool.add(signedTx({ to: TO, gasLimit: 21_000n, ...fields }))
  }
  const holds = ({ hash }: PreparedTx) => pool.get(hash) !== undefined
  return { pool, accounts, clock, add, holds }
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (thrown) {
    assert.ok(thrown instanceof PoolError, String(thrown))
    return thrown.failure.code
  }
}

const bytes = (count: number): TxFields => ({
  data: new Uint8Array(count),
  gasLimit: 1_500_000n
})
const cheap: TxFields = { price: 100n * GWEI, tip: 1n * GWEI }
const dear: TxFields = { price: 100n * GWEI, tip: 3n * GWEI }

describe('transactions that wait for a nonce', () => {
  it('fill what is theirs, and leave honest senders room', () => {
    const limits = { queuedSlotsMax: 100, senderQueuedSlotsMax: 10 }
    const { pool, add } = createPool(limits)
    const refused: (string | undefined)[] = []
    for (let from = 100; from < 115; from++) {
      for (let nonce = 1n; nonce <= 20n; nonce++) {
        refused.push(codeOf(() => add({ from, nonce, ...dear })))
      }
    }
    assert.equal(refused.filter((code) => code === 'sender-queue-full').length, 15 * 10)
    assert.deepEqual(pool.counts(), { pending: 0, queued: 100 })
    for (let from = 0; from < 60; from++) add({ from, ...cheap })
    assert.deepEqual(pool.counts(), { pending: 60, queued: 100 })
  })

  it('are bounded by the bytes that they fill, of one sender and in all', () => {
    const { pool, add } = createPool({ queuedSlotsMax: 6, senderQueuedSlotsMax: 4 })
    add({ nonce: 1n, ...bytes(20_000) }) // three slots
    assert.equal(
      codeOf(() => add({ nonce: 2n, ...bytes(9_000) })),
      'sender-queue-full'
    )
    add({ nonce: 2n })
    add({ from: 1, nonce: 1n, ...bytes(9_000) })
    assert.deepEqual(pool.counts(), { pending: 0, queued: 3 })
    add({ from: 2, nonce: 1n }) // the largest holder lets its last one go
    assert.deepEqual(pool.counts(), { pending: 0, queued: 3 })
  })

  it('make room for another sender’s: the last of who holds most, then of who was silent longest', () => {
    const { add, holds, clock } = createPool({ queuedSlotsMax: 4 })
    const many = [1n, 2n, 3n].map((nonce) => add({ from: 0, nonce }))
    clock.now += 1
    const single = add({ from: 1, nonce: 5n })
    const second = add({ from: 2, nonce: 5n })
    assert.deepEqual([...many, single, second].map(holds), [true, true, false, true, true])
    clock.now += 1
    const third = add({ from: 3, nonce: 5n })
    assert.deepEqual([...many, single, second, third].map(holds), [
      true,
      false,
      false,
      true,
      true,
      true
    ])
    const fourth = add({ from: 4, nonce: 5n })
    assert.deepEqual([many[0]!, single, second, third, fourth].map(holds), [
      false,
      true,
      true,
      true,
      true
    ])
  })

  it('displace nothing that can run', () => {
    const { add, holds } = createPool({ runnableSlotsMax: 2, queuedSlotsMax: 1 })
    const running = [0, 1].map((from) => add({ from, ...cheap }))
    add({ from: 2, nonce: 1n, ...dear })
    assert.equal(
      codeOf(() => add({ from: 2, nonce: 2n, ...dear })),
      'queue-full'
    )
    assert.deepEqual(running.map(holds), [true, true])
  })

  it('leave after their lifetime, unless their sender was heard of', () => {
    const { pool, add, holds, clock } = createPool()
    const running = add({ from: 0 })
    const silent = [2n, 3n].map((nonce) => add({ from: 0, nonce }))
    const heard = add({ from: 1, nonce: 2n })
    clock.now += POOL_LIMITS.queuedLifetimeMs - 1
    add({ from: 1, nonce: 3n })
    clock.now += 1
    pool.headMoved([])
    assert.deepEqual([running, ...silent, heard].map(holds), [true, false, false, true])
    assert.deepEqual(pool.counts(), { pending: 1, queued: 2 })
    clock.now += POOL_LIMITS.queuedLifetimeMs
    add({ from: 2 }) // without a new head, too
    assert.deepEqual(pool.counts(), { pending: 2, queued: 0 })
  })

  it('are runnable as far as the balance pays for them together', () => {
    const { pool, accounts, add } = createPool()
    add({ nonce: 1n, value: 6n * ETHER })
    add({ nonce: 2n, value: 6n * ETHER })
    add({ nonce: 0n, value: 1n * ETHER })
    assert.deepEqual(pool.counts(), { pending: 2, queued: 1 })
    accounts.set(0, { nonce: 1n, balance: 13n * ETHER })
    pool.headMoved([testAddress(0)])
    assert.deepEqual(pool.counts(), { pending: 2, queued: 0 })
  })

  it('are cut to a sender’s bound when many of them lose the nonce before', () => {
    const { pool, add } = createPool({ senderQueuedSlotsMax: 3 })
    const [first, ...others] = Array.from({ length: 8 }, (_, nonce) =>
      add({ nonce: BigInt(nonce) })
    )
    pool.drop(first!)
    assert.deepEqual(pool.counts(), { pending: 0, queued: 3 })
    assert.deepEqual(
      others.map(({ hash }) => pool.get(hash)?.tx.nonce).filter((nonce) => nonce !== undefined),
      [1n, 2n, 3n]
    )
  })
})

describe('transactions that can run', () => {
  it('are refused when their sender cannot pay for them together', () => {
    const { add } = createPool()
    add({ value: 6n * ETHER, price: GWEI, tip: GWEI })
    const cost = 21_000n * GWEI
    assert.throws(
      () => add({ nonce: 1n, value: 5n * ETHER, price: GWEI, tip: GWEI }),
      (thrown: unknown) => {
        assert.ok(thrown instanceof PoolError)
        const queuedCost = 6n * ETHER + cost
        const facts = { balance: 10n * ETHER, queuedCost, cost: 5n * ETHER + cost }
        assert.deepEqual(thrown.failure, { code: 'funds-overshot', ...facts })
        return true
      }
    )
    add({ nonce: 1n, value: 3n * ETHER })
    add({ value: 6n * ETHER, price: 2n * GWEI, tip: 2n * GWEI }) // in place of the first
    assert.equal(
      codeOf(() => add({ value: 7n * ETHER, price: 4n * GWEI, tip: 4n * GWEI })),
      'funds-overshot'
    )
  })

  it('of an account with code come one at a time', () => {
    const { accounts, add } = createPool()
    accounts.set(0, { nonce: 0n, balance: 10n * ETHER, codeHash: CODE_HASH })
    assert.equal(
      codeOf(() => add({ nonce: 1n })),
      'delegated-gap'
    )
    add({ nonce: 0n })
    assert.equal(
      codeOf(() => add({ nonce: 1n })),
      'delegated-limit'
    )
    add({ nonce: 0n, price: 200n * GWEI, tip: 2n * GWEI })
  })

  describe('in a full pool', () => {
    it('take the place of the last of a sender that holds more than its own, whatever that pays', () => {
      const { pool, add, holds } = createPool({ runnableSlotsMax: 6, senderRunnableSlots: 2 })
      const many = Array.from({ length: 6 }, (_, nonce) => add({ nonce: BigInt(nonce), ...dear }))
      const others = [1, 2, 3, 4].map((from) => add({ from, ...cheap }))
      assert.deepEqual(many.map(holds), [true, true, false, false, false, false])
      assert.deepEqual(others.map(holds), [true, true, true, true])
      assert.equal(
        codeOf(() => add({ from: 5, ...cheap })),
        'pool-full-underpriced'
      )
      assert.deepEqual(pool.counts(), { pending: 6, queued: 0 })
    })

    it('take the place of the cheapest last one that pays less', () => {
      const { add, holds } = createPool({ runnableSlotsMax: 4 })
      const first = add({ from: 0, ...cheap })
      const last = add({ from: 0, nonce: 1n, ...dear })
      const others = [1, 2].map((from) => add({ from, ...cheap, tip: 2n * GWEI }))
      const taken = add({ from: 3, ...dear })
      assert.deepEqual([first, last, ...others, taken].map(holds), [true, true, false, true, true])
    })

    it('go first when they do not pay the next base fee, whatever tip they promise', () => {
      const { add, holds } = createPool({ runnableSlotsMax: 2 })
      const below = add({ from: 0, price: 49n * GWEI, tip: 49n * GWEI })
      const paying = add({ from: 1, ...cheap })
      const taken = add({ from: 2, ...cheap })
      assert.deepEqual([below, paying, taken].map(holds), [false, true, true])
      const idle: TxFields = { from: 3, price: 40n * GWEI, tip: 40n * GWEI }
      assert.equal(
        codeOf(() => add(idle)),
        'pool-full-underpriced'
      )
    })

    for (const [what, fields] of [
      ['pays as much as the cheapest', { from: 2, ...cheap }],
      ['could displace its own sender alone', { from: 0, nonce: 1n, ...dear }]
    ] as const) {
      it(`refuse one that ${what}, and stay`, () => {
        const { add, holds } = createPool({ runnableSlotsMax: 1 })
        const held = add({ from: 0, ...cheap })
        assert.equal(
          codeOf(() => add(fields)),
          'pool-full-underpriced'
        )
        assert.ok(holds(held))
      })
    }

    it('let as many go as a large one needs, or none', () => {
      const { pool, add, holds } = createPool({ runnableSlotsMax: 3 })
      const small = [0, 1, 2].map((from) => add({ from, ...cheap }))
      assert.equal(
        codeOf(() => add({ from: 3, ...dear, ...bytes(25_000) })),
        'pool-full-underpriced'
      )
      assert.equal(small.filter(holds).length, 3)
      add({ from: 3, ...dear, ...bytes(9_000) })
      assert.equal(small.filter(holds).length, 1)
      assert.deepEqual(pool.counts(), { pending: 2, queued: 0 })
    })

    it('stay within it when a small one is replaced by a large one, or a gap is filled', () => {
      const { pool, add, holds } = createPool({ runnableSlotsMax: 3 })
      const first = add({})
      const raise = { price: 200n * GWEI, tip: 2n * GWEI }
      assert.equal(
        codeOf(() => add({ ...raise, ...bytes(25_000) })),
        'pool-full-underpriced'
      )
      assert.ok(holds(first))
      for (const nonce of [1n, 2n, 3n, 4n, 5n]) add({ from: 1, nonce })
      add({ from: 1, nonce: 0n })
      assert.deepEqual(pool.counts(), { pending: 3, queued: 0 })
    })
  })
})

describe('the pool under any order of additions, drops and heads', () => {
  const step = fc.oneof(
    fc.record({
      from: fc.integer({ min: 0, max: 3 }),
      nonce: fc.bigInt({ min: 0n, max: 6n }),
      tip: fc.bigInt({ min: 1n, max: 4n }),
      sizeBytes: fc.constantFrom(0, 9_000)
    }),
    fc.record({ drop: fc.nat(30) }),
    fc.record({
      head: fc.integer({ min: 0, max: 3 }),
      nonce: fc.bigInt({ min: 0n, max: 4n }),
      balance: fc.bigInt({ min: 0n, max: 2n })
    })
  )
  const limits = {
    runnableSlotsMax: 8,
    queuedSlotsMax: 5,
    senderRunnableSlots: 2,
    senderQueuedSlotsMax: 3
  }

  it('keeps to each bound, and its counts are those of what it holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { pool, accounts, add } = createPool(limits)
        const added: PreparedTx[] = []
        for (const one of steps) {
          if ('drop' in one) {
            const dropped = added[one.drop % Math.max(added.length, 1)]
            if (dropped !== undefined) pool.drop(dropped)
          } else if ('head' in one) {
            accounts.set(one.head, { nonce: one.nonce, balance: one.balance * ETHER })
            pool.headMoved([testAddress(one.head)])
          } else {
            const { from, nonce, tip, sizeBytes } = one
            const paid = { price: 100n * GWEI * tip, tip: tip * GWEI }
            codeOf(() => added.push(add({ from, nonce, ...paid, ...bytes(sizeBytes) })))
          }
          checkBounds(pool, added, accounts)
        }
      }),
      { numRuns: 100 }
    )
  })

  function checkBounds(
    pool: TransactionPool,
    added: readonly PreparedTx[],
    accounts: ReadonlyMap<number, TestAccount>
  ): void {
    const once = new Map(added.map((one) => [one.hash, one])) // one that was dropped may come again
    const held = [...once.values()].filter(({ hash }) => pool.get(hash) !== undefined)
    const slots = ({ raw }: PreparedTx) => Math.ceil(raw.length / 8192)
    const sum = (some: readonly PreparedTx[]) => some.reduce((total, one) => total + slots(one), 0)
    const runnable: PreparedTx[] = []
    for (let from = 0; from < 4; from++) {
      const own = held.filter(({ senderHex }) => senderHex === testAddress(from))
      assert.equal(new Set(own.map(({ tx }) => tx.nonce)).size, own.length)
      const account = accounts.get(from) ?? { nonce: 0n, balance: 10n * ETHER }
      let { nonce, balance } = account
      for (;;) {
        const next = own.find(({ tx }) => tx.nonce === nonce)
        const cost = next === undefined ? 0n : next.tx.value + next.tx.gasLimit * feeCapOf(next)
        if (next === undefined || cost > balance) break
        runnable.push(next)
        balance -= cost
        nonce += 1n
      }
      const queued = own.filter((one) => !runnable.includes(one))
      assert.ok(
        sum(queued) <= limits.senderQueuedSlotsMax,
        `${sum(queued)} slots queued of ${from}`
      )
    }
    const queued = held.filter((one) => !runnable.includes(one))
    assert.deepEqual(pool.counts(), { pending: runnable.length, queued: queued.length })
    assert.ok(sum(runnable) <= limits.runnableSlotsMax)
    assert.ok(sum(queued) <= limits.queuedSlotsMax)
  }

  function feeCapOf({ tx }: PreparedTx): bigint {
    return 'maxFeePerGas' in tx ? tx.maxFeePerGas : tx.gasPrice
  }
})
