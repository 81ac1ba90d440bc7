// The time of transactions while a block is built: what takes too long is cut off, tried once more, and then refused.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { PoolError } from '../../../src/execution/pool-admission.ts'
import { ExecutionChain, executionGenesis, testAddress } from '../../support/execution-chain.ts'
import { codeHex } from '../../support/execution-code.ts'
import { signedTx } from '../../support/execution-transactions.ts'
import { settle } from '../../support/manual-clock.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000a0001'
const GWEI = 10n ** 9n
/** Milliseconds by the chain's clock for each turn of the event loop: half of a slot is over after two. */
const TURN_MS = 260
/** Writes a slot, and goes in a circle. */
const ENDLESS = codeHex(7, 0, 'SSTORE', 'JUMPDEST', 4, 'JUMP')

describe('a transaction that no slot can hold', () => {
  const stops: (() => void)[] = []
  afterEach(() => {
    for (const stop of stops.splice(0)) stop()
  })

  async function open() {
    let nowMs = 0
    let turn = setImmediate(advance)
    function advance() {
      nowMs += TURN_MS
      turn = setImmediate(advance)
    }
    stops.push(() => {
      clearImmediate(turn)
    })
    const warnings: unknown[] = []
    const log: Log = { ...silentLog, warn: (event, fields) => warnings.push({ event, ...fields }) }
    const clock = { monotonicMs: () => nowMs }
    const genesis = executionGenesis({ [CONTRACT]: { code: ENDLESS, nonce: '0x1' } })
    const chain = await ExecutionChain.open(genesis, { clock, log })
    const endless = signedTx({
      to: CONTRACT,
      gasLimit: chain.head.header.gasLimit,
      tip: 9n * GWEI
    })
    return { warnings, chain, endless }
  }

  /** A block out of the pool, executed again and made the head. */
  async function build(chain: ExecutionChain, turns: number): Promise<readonly Uint8Array[]> {
    const id = await chain.startJob({ noTxPool: false })
    for (let turn = 0; turn < turns; turn++) await settle()
    const { block } = await chain.engine.getPayload(id)
    const built = await chain.engine.newPayload(block)
    const again = await chain.engine.newPayload(block)
    assert.ok(built.kind === 'valid' && again.kind === 'valid')
    assert.deepEqual(again.changes, built.changes, 'what was cut off left no trace')
    chain.adopt(block, again.layer)
    chain.pool.headMoved([testAddress(0), testAddress(1)])
    return block.transactions
  }

  it('leaves room for others, is tried once more, and leaves the pool with a reason', async () => {
    const { warnings, chain, endless } = await open()
    const { hash } = chain.pool.add(endless)
    for (const nonce of [0n, 1n]) {
      assert.ok(chain.pool.get(hash), 'it has one more chance')
      const transfer = signedTx({ from: 1, nonce, to: testAddress(7), gasLimit: 21_000n })
      chain.pool.add(transfer)
      assert.deepEqual(await build(chain, 50), [transfer])
    }
    assert.equal(chain.slot(CONTRACT, 0n), 0n)
    assert.deepEqual(chain.pool.counts(), { pending: 0, queued: 0 })
    const reason = 'execution-too-long timeMaxMs=500'
    assert.deepEqual(warnings, [{ event: 'transaction-dropped', hash, reason }])
    assert.throws(
      () => chain.pool.add(endless),
      (thrown: unknown) => {
        assert.ok(thrown instanceof PoolError)
        assert.deepEqual(thrown.failure, { code: 'execution-too-long', timeMaxMs: 500 })
        return true
      }
    )
  })

  it('is cut off when the block is asked for, and stays in the pool where it had no time', async () => {
    const { chain, endless } = await open()
    const { hash } = chain.pool.add(endless)
    for (let tries = 0; tries < 3; tries++) assert.deepEqual(await build(chain, 0), [])
    assert.ok(chain.pool.get(hash))
  })

  it('runs to its end where a block that is signed already holds it', async () => {
    const { chain } = await open()
    const gasLimit = 5_000_000n
    const { receipts } = await chain.extend([signedTx({ to: CONTRACT, gasLimit })])
    const [receipt] = receipts
    assert.deepEqual([receipt?.status, receipt?.cumulativeGasUsed], [0, gasLimit])
  })
})
