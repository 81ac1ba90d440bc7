// The soak of reads finds what is wrong: a false answer, a missed slot, an error, and rates that are not kept.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Criterion } from '../../soak/criterion.ts'
import { type ReadFacts } from '../../soak/reads/read-facts.ts'
import { kindOf, type Read, READ_KINDS } from '../../soak/reads/read-kinds.ts'
import { type KindCounts } from '../../soak/reads/read-order.ts'
import { readsCriteria, type ReadsSeen } from '../../soak/reads/reads-criteria.ts'

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`
const ADDRESS: Hex = `0x${'0a'.repeat(20)}`

const FACTS: ReadFacts = {
  token: `0x${'0b'.repeat(20)}`,
  chainId: 901,
  blocks: Array.from({ length: 10 }, (_, index) => ({
    number: 100 + index,
    hash: word(index),
    stateRoot: word(1_000 + index),
    transactions: [word(2_000 + index)],
    logsCount: 2
  })),
  holders: [{ address: ADDRESS, balance: word(5) }]
}

/** One read of the kind; the last throw is of the sides that are given. */
function readOf(name: string, dice: (sides: number) => number = () => 0): Read {
  const kind = READ_KINDS.find((one) => one.name === name)
  assert.ok(kind !== undefined)
  return kind.next(FACTS, dice)
}

describe('reads of the soak', () => {
  it('have shares of a hundred in all', () => {
    const counts = new Map<string, number>()
    for (let thrown = 0; thrown < 100; thrown++) {
      const { name } = kindOf(thrown)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    assert.deepEqual(
      [...counts],
      READ_KINDS.map(({ name, share }) => [name, share])
    )
    assert.throws(() => kindOf(100), RangeError)
  })

  const log = {}
  const receipt = { transactionHash: word(2_000), blockHash: word(0), status: '0x1' }
  const block = { hash: word(0), transactions: [{}] }
  for (const [name, right, wrong] of [
    ['eth_call', word(5), [word(6), '0x', null, 5]],
    [
      'eth_getLogs',
      Array.from({ length: 20 }, () => log),
      [[], Array.from({ length: 21 }, () => log), null]
    ],
    [
      'eth_getTransactionReceipt',
      receipt,
      [null, { ...receipt, status: '0x0' }, { ...receipt, blockHash: word(1) }]
    ],
    [
      'eth_getBlockByNumber',
      block,
      [null, { ...block, hash: word(1) }, { ...block, transactions: [] }]
    ]
  ] as const) {
    it(`of ${name} take the right answer and no other`, async () => {
      assert.equal(await readOf(name).judge(right), undefined)
      for (const answer of wrong) assert.equal(typeof (await readOf(name).judge(answer)), 'string')
    })
  }

  it('of a balance at the newest block take any that is held', async () => {
    const read = readOf('eth_call', (sides) => sides - 1)
    assert.deepEqual(read.params[1], 'latest')
    assert.equal(await read.judge(word(9)), undefined)
    assert.equal(typeof (await read.judge(word(0))), 'string')
  })

  it('of a proof refuse another value, and nodes that lead nowhere', async () => {
    const proof = {
      ...{ nonce: '0x1', balance: '0x0', storageHash: word(1), codeHash: word(2) },
      accountProof: ['0x80'],
      storageProof: [{ value: '0x5', proof: ['0x80'] }]
    }
    assert.equal(await readOf('eth_getProof', (sides) => sides - 1).judge(proof), undefined)
    assert.match(String(await readOf('eth_getProof').judge(proof)), /does not lead to its root/)
    const other = { ...proof, storageProof: [{ value: '0x6', proof: [] }] }
    assert.match(String(await readOf('eth_getProof').judge(other)), /another value/)
  })
})

describe('criteria of the soak of reads', () => {
  const timesOf = (count: number) => Array.from({ length: count }, () => 5)
  const kind: KindCounts = {
    name: 'eth_call',
    rightCount: 1_000,
    wrongCount: 0,
    refusedCount: 0,
    failedCount: 0,
    elapsedMs: timesOf(1_000)
  }
  const measured = {
    ...{ slots: 60, lateSlots: [], latestMs: 40 },
    transfersTotal: 0,
    transfersLeast: 0
  }
  const seen: ReadsSeen = {
    measured,
    cpuSeconds: 1,
    expected: { readsCount: 1_000, slots: 60 },
    broken: []
  }
  const met = (criteria: readonly Criterion[]) => criteria.map(({ ok }) => ok)
  const judged = (counts: Partial<KindCounts>, more: Partial<ReadsSeen> = {}) =>
    met(readsCriteria({ kinds: [{ ...kind, ...counts }], faults: [] }, { ...seen, ...more }))

  it('are met when all is right', () => {
    assert.deepEqual(judged({}), [true, true, true, true])
    const some = { rightCount: 995, refusedCount: 5, elapsedMs: timesOf(995) }
    assert.deepEqual(judged(some), [true, true, true, true])
  })
  it('are not met by refusals alone, a wrong answer, an error, or a read that is not counted', () => {
    const few = { rightCount: 900, refusedCount: 100, elapsedMs: timesOf(900) }
    assert.deepEqual(judged(few), [false, true, true, true])
    const late = { elapsedMs: [...timesOf(980), ...Array.from({ length: 20 }, () => 1_001)] }
    assert.deepEqual(judged(late), [false, true, true, true])
    assert.deepEqual(judged({ rightCount: 999, wrongCount: 1 }), [true, false, true, true])
    assert.deepEqual(judged({ rightCount: 999, failedCount: 1 }), [true, false, true, true])
    assert.deepEqual(judged({ rightCount: 999 }), [true, false, true, true])
  })
  it('are not met where a slot had no block in time, or there were too few', () => {
    const late = { measured: { ...measured, lateSlots: [7] } }
    assert.deepEqual(judged({}, late), [true, true, false, true])
    const few = { measured: { ...measured, slots: 50 } }
    assert.deepEqual(judged({}, few), [true, true, false, true])
  })
})
