// The embedded engine: payload jobs from start to seal, and blocks that are not what they say.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Block, type BlockHeader } from '../../../src/chain/blocks/block.ts'
import { toBlock } from '../../../src/chain/blocks/header.ts'
import { EngineError } from '../../../src/execution/embedded-engine.ts'
import { InclusionError } from '../../../src/execution/run-transaction.ts'
import { TransactionError } from '../../../src/execution/transaction.ts'
import { orderedRoot } from '../../../src/trie/ordered-root.ts'
import { ExecutionChain, executionGenesis, testAddress } from '../../support/execution-chain.ts'
import { call, codeHex } from '../../support/execution-code.ts'
import { signedTx, type TxFields } from '../../support/execution-transactions.ts'
import { settle } from '../../support/manual-clock.ts'

const GWEI = 10n ** 9n
const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const UNKNOWN: Hex = `0x${'ab'.repeat(32)}`

/** A transfer of the smallest kind. */
function transfer(fields: TxFields = {}): Uint8Array {
  return signedTx({ to: testAddress(7), gasLimit: 21_000n, ...fields })
}

/** Lets a job take in what is there: each transaction needs a few turns of the event loop. */
async function settleJob(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await settle()
}

function hashes(block: Block): string[] {
  return block.transactions.map((raw) => `0x${Buffer.from(keccak256(raw)).toString('hex')}`)
}

describe('the hash of a block that is lost', () => {
  it('is not taken for zeros: a block that asks for it is refused, and none is built', async () => {
    const code = codeHex(1, 'BLOCKHASH', 0, 'SSTORE')
    const open = () => ExecutionChain.open(executionGenesis({ [CONTRACT]: { code } }))
    const whole = await open()
    await whole.extend([])
    const asks = signedTx({ to: CONTRACT, gasLimit: 100_000n })
    const { block } = await whole.extend([asks])
    const lossy = await open()
    const first = await lossy.extend([])
    lossy.forget(first.block.number)
    const result = await lossy.engine.newPayload(block)
    assert.ok(result.kind === 'invalid')
    assert.match(result.reason, /block-hash-unknown number="?1/)
    await assert.rejects(lossy.extend([asks]), /block-hash-unknown/)
    lossy.pool.add(asks)
    const id = await lossy.startJob({ noTxPool: false })
    await settleJob()
    await assert.rejects(lossy.engine.getPayload(id), /block-hash-unknown/)
  })
})

describe('a payload job', () => {
  it('has its id at once, fills while it waits, and takes what comes later', async () => {
    const chain = await ExecutionChain.open()
    const early = chain.pool.add(transfer())
    const id = await chain.startJob({ noTxPool: false })
    await settleJob()
    const late = chain.pool.add(transfer({ from: 1 }))
    const next = chain.pool.add(transfer({ nonce: 1n }))
    await settleJob()
    const { block } = await chain.engine.getPayload(id)
    assert.deepEqual(hashes(block), [early.hash, late.hash, next.hash])
    chain.pool.add(transfer({ from: 2 }))
    assert.equal(block.transactions.length, 3, 'the block is final')
  })

  it('orders by tip, each sender by nonce, forced transactions before all', async () => {
    const chain = await ExecutionChain.open()
    const low = chain.pool.add(transfer({ tip: 1n * GWEI }))
    const second = chain.pool.add(transfer({ nonce: 1n, tip: 9n * GWEI }))
    const high = chain.pool.add(transfer({ from: 1, tip: 5n * GWEI }))
    chain.pool.add(transfer({ from: 2, nonce: 1n, tip: 99n * GWEI }))
    chain.pool.add(transfer({ from: 3, price: 10n, tip: 1n }))
    const forced = transfer({ from: 4, tip: 0n })
    const id = await chain.startJob({ noTxPool: false, transactions: [forced] })
    await settleJob()
    const { block } = await chain.engine.getPayload(id)
    assert.deepEqual(block.transactions[0], forced)
    assert.deepEqual(hashes(block).slice(1), [high.hash, low.hash, second.hash])
  })

  it('keeps to the gas limit, passing over what does not fit', async () => {
    const chain = await ExecutionChain.open()
    chain.pool.add(transfer({ tip: 9n * GWEI }))
    chain.pool.add(transfer({ from: 1, tip: 8n * GWEI, gasLimit: 60_000n }))
    chain.pool.add(transfer({ from: 2, tip: 7n * GWEI }))
    chain.pool.add(transfer({ from: 3, tip: 6n * GWEI }))
    const id = await chain.startJob({ noTxPool: false, gasLimit: 63_000n + 20_999n })
    await settleJob()
    const { block } = await chain.engine.getPayload(id)
    assert.equal(block.header.gasUsed, 63_000n)
    assert.equal(block.transactions.length, 3)
    assert.deepEqual(
      chain.pool.counts(),
      { pending: 4, queued: 0 },
      'it may go into the next block'
    )
  })

  it('builds around what cannot go in, and comes to the same when the block runs again', async () => {
    const poor = executionGenesis({ [testAddress(9)]: { balance: '0xaa87bee538000' } })
    const chain = await ExecutionChain.open(poor)
    // 3 * 10^15 wei: each of the two can be paid, at 10^11 a gas, but not both.
    chain.pool.add(transfer({ from: 9, nonce: 1n, tip: 80n * GWEI }))
    const first = chain.pool.add(transfer({ from: 9, tip: 90n * GWEI }))
    const other = chain.pool.add(transfer({ from: 1 }))
    const id = await chain.startJob({ noTxPool: false })
    await settleJob()
    const { block } = await chain.engine.getPayload(id)
    assert.deepEqual(hashes(block), [first.hash, other.hash])
    const built = await chain.engine.newPayload(block)
    const again = await chain.engine.newPayload(block)
    assert.ok(built.kind === 'valid' && again.kind === 'valid')
    assert.deepEqual(again.changes, built.changes)
  })

  it('leaves the pool alone when told to, and builds an empty block', async () => {
    const chain = await ExecutionChain.open()
    chain.pool.add(transfer())
    const { block } = await chain.engine.getPayload(await chain.startJob())
    assert.deepEqual([block.transactions, block.header.gasUsed], [[], 0n])
  })

  it('goes on to the next nonce where a transaction was replaced after it was taken', async () => {
    const chain = await ExecutionChain.open()
    const first = chain.pool.add(transfer({ tip: 1n * GWEI }))
    const id = await chain.startJob({ noTxPool: false })
    await settleJob()
    chain.pool.add(transfer({ tip: 2n * GWEI, price: 200n * GWEI }))
    const next = chain.pool.add(transfer({ nonce: 1n }))
    await settleJob()
    const { block } = await chain.engine.getPayload(id)
    assert.deepEqual(hashes(block), [first.hash, next.hash])
  })

  it('is gone once it was asked for, and when four newer ones were started', async () => {
    const chain = await ExecutionChain.open()
    const first = await chain.startJob()
    const others = [await chain.startJob(), await chain.startJob(), await chain.startJob()]
    const last = await chain.startJob({ noTxPool: false })
    for (const id of [first, 'none']) {
      await assert.rejects(
        chain.engine.getPayload(id),
        (thrown) => thrown instanceof EngineError && thrown.failure.code === 'payload-unknown'
      )
    }
    for (const id of [...others, last]) await chain.engine.getPayload(id)
    await assert.rejects(chain.engine.getPayload(last), /payload-unknown/)
  })

  it('fails with a forced transaction that cannot run, and with it alone', async () => {
    const chain = await ExecutionChain.open()
    const tooEarly = await chain.startJob({ transactions: [transfer({ nonce: 1n })] })
    await assert.rejects(
      chain.engine.getPayload(tooEarly),
      (thrown) => thrown instanceof InclusionError && thrown.failure.code === 'nonce-too-high'
    )
    await assert.rejects(chain.engine.getPayload(tooEarly), /payload-unknown/)
    await assert.rejects(chain.startJob({ transactions: [Uint8Array.of(3)] }), TransactionError)
    await chain.startJob({ transactions: [transfer({ nonce: 1n })] })
    for (let count = 0; count < 6; count++) await chain.startJob()
  })

  it('keeps the pool as it is when its state left memory', async () => {
    const chain = await ExecutionChain.open()
    const id = await chain.startJob({ noTxPool: false })
    await chain.extend([])
    await chain.state.flushAll(chain.head.hash)
    chain.pool.add(transfer())
    await settleJob()
    await assert.rejects(chain.engine.getPayload(id), /view-stale/)
    assert.deepEqual(chain.pool.counts(), { pending: 1, queued: 0 })
  })

  it('is not started on a head that is not there, or whose state is not', async () => {
    const chain = await ExecutionChain.open()
    const attributes = chain.attributes()
    assert.deepEqual(await chain.engine.forkchoiceUpdated(UNKNOWN, attributes), {
      kind: 'unknown-head'
    })
    assert.deepEqual(await chain.engine.forkchoiceUpdated(chain.head.hash), {
      kind: 'valid',
      payloadId: undefined
    })
    const genesis = chain.head
    await chain.extend([])
    await chain.state.flushAll(chain.head.hash)
    assert.deepEqual(await chain.engine.forkchoiceUpdated(genesis.hash, attributes), {
      kind: 'state-missing'
    })
    const { block } = await chain.engine.getPayload(await chain.startJob())
    const sibling = toBlock(
      { ...block.header, number: 1n, parentHash: keccak256(new Uint8Array(0)) },
      []
    )
    await assert.rejects(
      chain.engine.newPayload(sibling),
      (thrown) => thrown instanceof EngineError && thrown.failure.code === 'parent-unknown'
    )
  })

  it('charges for a call to the precompile that is not there, and lets nothing leak to the next', async () => {
    const store7 = codeHex(
      1,
      'TLOAD',
      0,
      'SSTORE',
      7,
      1,
      'TSTORE',
      call(`0x${'00'.repeat(19)}0a`),
      1,
      'ADD',
      1,
      'SSTORE'
    )
    const chain = await ExecutionChain.open(executionGenesis({ [CONTRACT]: { code: store7 } }))
    const fields = { to: CONTRACT, gasLimit: 5_000_000n }
    const { receipts } = await chain.extend([signedTx(fields), signedTx({ ...fields, from: 1 })])
    assert.deepEqual(
      receipts.map(({ status }) => status),
      [1, 1]
    )
    assert.ok(receipts[0]!.cumulativeGasUsed > 4_900_000n, 'the precompile took what it was given')
    assert.deepEqual([chain.slot(CONTRACT, 0n), chain.slot(CONTRACT, 1n)], [0n, 1n])
  })

  it('leaves nothing on the rules that all blocks share', async () => {
    const chain = await ExecutionChain.open()
    for (let count = 0; count < 3; count++) await chain.extend([])
    assert.equal(chain.common.events.listenerCount('hardforkChanged'), 0)
  })
})

/** A block with a transaction in it, of which each row spoils something. */
async function builtBlock() {
  const chain = await ExecutionChain.open(
    executionGenesis({ [CONTRACT]: { code: codeHex(0, 0, 'LOG0', 1, 0, 'SSTORE') } })
  )
  const transactions = [signedTx({ to: CONTRACT }), transfer({ from: 1 })]
  const { block } = await chain.engine.getPayload(await chain.startJob({ transactions }))
  const spoil = (header: Partial<BlockHeader>, raws = block.transactions) =>
    chain.engine.newPayload(toBlock({ ...block.header, ...header }, raws))
  return { chain, block, spoil }
}

const OTHER = keccak256(Uint8Array.of(9))

describe('newPayload', () => {
  it('takes a block of its own without running it, and runs it when it is asked again', async () => {
    const { chain, block } = await builtBlock()
    const first = await chain.engine.newPayload(block)
    const second = await chain.engine.newPayload(block)
    assert.ok(first.kind === 'valid' && second.kind === 'valid')
    assert.deepEqual(second.receipts, first.receipts)
    assert.equal(second.layer.root, block.stateRoot)
  })

  const spoiled: readonly (readonly [string, Partial<BlockHeader>, RegExp])[] = [
    ['state root', { stateRoot: OTHER }, /^stateRoot is 0x[0-9a-f]{64}, execution gives 0x/],
    ['receipts root', { receiptsRoot: OTHER }, /^receiptsRoot is/],
    ['logs bloom', { logsBloom: new Uint8Array(256) }, /^logsBloom is/],
    ['message passer root', { withdrawalsRoot: OTHER }, /^withdrawalsRoot is/],
    ['gas used', { gasUsed: 20_999n }, /^gasUsed is 20999, execution used \d+$/],
    ['timestamp', { timestamp: 1_700_000_005n }, /^timestamp-wrong/],
    ['base fee', { baseFeePerGas: 7n }, /^base-fee-wrong/],
    ['gas limit', { gasLimit: 4_999n }, /^gas-limit-out-of-bounds/]
  ]
  for (const [name, header, reason] of spoiled) {
    it(`refuses a wrong ${name} by name`, async () => {
      const { spoil } = await builtBlock()
      const result = await spoil(header)
      assert.ok(result.kind === 'invalid')
      assert.match(result.reason, reason)
    })
  }

  it('refuses a block whose transaction cannot stand there, naming it', async () => {
    const { block, spoil } = await builtBlock()
    const [first, second] = block.transactions
    assert.ok(first && second)
    for (const [raws, reason] of [
      [[first, transfer({ from: 1, nonce: 3n })], /^transaction 1: nonce-too-high nonce=.?3/],
      [[first, first], /^transaction 1: nonce-too-low/],
      [[Uint8Array.of(3, 0xc0)], /^transaction 0: transaction-type-unsupported/],
      [[signedTx({ to: CONTRACT, gasLimit: 30_000_001n })], /^transaction 0: block-gas-exceeded/],
      [[first, second, transfer({ from: 2 })], /^gasUsed is/]
    ] as const) {
      const result = await spoil({ transactionsRoot: orderedRoot(raws) }, raws)
      assert.ok(result.kind === 'invalid')
      assert.match(result.reason, reason)
    }
  })

  it('says when the state of the parent is not in memory any more', async () => {
    const { chain, block } = await builtBlock()
    const first = await chain.engine.newPayload(block)
    assert.ok(first.kind === 'valid')
    chain.adopt(block, first.layer)
    await chain.state.flushAll(block.hash)
    assert.deepEqual(await chain.engine.newPayload(block), { kind: 'parent-state-missing' })
  })
})
