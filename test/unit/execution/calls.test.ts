// Calls that leave no trace, and the gas that a transaction needs, held against running it.
import assert from 'node:assert/strict'
import { bytesToBigint, bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { BlockHashError } from '../../../src/execution/block-context.ts'
import { CALL_GAS_MAX } from '../../../src/execution/call-message.ts'
import { type CallAuthorization, type CallRequest } from '../../../src/execution/call-request.ts'
import { CallRunner } from '../../../src/execution/calls.ts'
import { toTuple } from '../../../src/execution/run-message.ts'
import {
  type AllocEntry,
  EXECUTION_CHAIN_ID,
  ExecutionChain,
  executionGenesis,
  testAddress
} from '../../support/execution-chain.ts'
import { call, code, codeHex, type CodePart, initCode, word } from '../../support/execution-code.ts'
import { authorization, signedTx, type TxFields } from '../../support/execution-transactions.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const CALLED: Hex = '0x00000000000000000000000000000000000c0002'
const POOR: Hex = '0x00000000000000000000000000000000000a0001'
const RICH = testAddress(1)
const GWEI = 10n ** 9n
const RETURN_TOP: readonly CodePart[] = [0, 'MSTORE', 32, 0, 'RETURN']

/** One for all: it starts a thread, and takes any view. */
const runner = new CallRunner({ chainId: EXECUTION_CHAIN_ID, blockHashes: () => undefined })

async function open(alloc: Readonly<Record<Hex, AllocEntry>>) {
  const chain = await ExecutionChain.open(executionGenesis(alloc))
  await chain.extend([])
  return {
    chain,
    call: (request: CallRequest) => runner.call(request, chain.head, chain.view()),
    estimate: (request: CallRequest) => runner.estimateGas(request, chain.head, chain.view())
  }
}

describe('a call', () => {
  const answers: readonly (readonly [string, readonly CodePart[], CallRequest, bigint])[] = [
    ['its caller', ['CALLER'], { from: testAddress(1) }, BigInt(testAddress(1))],
    ['nobody as caller where none is named', ['CALLER'], {}, 0n],
    ['the value', ['CALLVALUE'], { from: RICH, value: 77n }, 77n],
    ['the price that is asked for', ['GASPRICE'], { from: RICH, gasPrice: 5n * GWEI }, 5n * GWEI],
    [
      'the fee cap as its price, where the tip takes all of it',
      ['GASPRICE'],
      { from: RICH, maxFeePerGas: 6n * GWEI, maxPriorityFeePerGas: 6n * GWEI },
      6n * GWEI
    ],
    ['no base fee where no price is named', ['BASEFEE'], {}, 0n],
    ['the input under its old name', [0, 'CALLDATALOAD'], { data: word(8) }, 8n],
    ['the input under its new name', [0, 'CALLDATALOAD'], { input: word(9) }, 9n],
    ['the block it is made on', ['NUMBER'], {}, 1n],
    ['what the slot holds, after it wrote', [5, 0, 'SSTORE', 0, 'SLOAD'], {}, 5n]
  ]
  for (const [name, parts, request, expected] of answers) {
    it(`sees ${name}`, async () => {
      const { call: run, chain } = await open({
        [CONTRACT]: { code: codeHex(...parts, ...RETURN_TOP) }
      })
      const outcome = await run({ ...request, to: CONTRACT })
      assert.ok(outcome.kind === 'returned')
      assert.equal(BigInt(bytesToHex(outcome.data)), expected)
      assert.equal(chain.slot(CONTRACT, 0n), 0n)
      assert.equal(chain.account(POOR), undefined)
    })
  }

  it('gives back what was reverted with, and names what failed', async () => {
    const { call: run } = await open({
      [CONTRACT]: { code: codeHex(7, 0, 'MSTORE', 32, 0, 'REVERT') },
      [CALLED]: { code: codeHex('INVALID') }
    })
    const reverted = await run({ to: CONTRACT })
    assert.ok(reverted.kind === 'reverted')
    assert.equal(bytesToHex(reverted.data), word(7))
    assert.deepEqual(await run({ to: CALLED }), {
      kind: 'failed',
      reason: 'invalid opcode: INVALID'
    })
    assert.deepEqual(await run({ to: CONTRACT, gas: 20_999n }), {
      kind: 'failed',
      reason: 'err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)'
    })
  })

  it('has no more gas than is allowed, whatever it asks for', async () => {
    const { call: run } = await open({ [CONTRACT]: { code: codeHex('GAS', ...RETURN_TOP) } })
    for (const gas of [undefined, CALL_GAS_MAX * 10n]) {
      const outcome = await run({ to: CONTRACT, gas })
      assert.ok(outcome.kind === 'returned')
      // 21 000 are gone before the code begins, 2 for GAS itself.
      assert.equal(BigInt(bytesToHex(outcome.data)), CALL_GAS_MAX - 21_002n)
    }
  })

  it('creates a contract and returns its code', async () => {
    const { call: run } = await open({})
    const outcome = await run({ data: bytesToHex(initCode(code('STOP'))) })
    assert.ok(outcome.kind === 'returned')
    assert.equal(bytesToHex(outcome.data), '0x00')
  })
})

/** Calls sha-256 ten times: each warm, as precompiles are. */
const HASHER = Array.from({ length: 10 }, () => [
  call(`0x${'00'.repeat(19)}02`),
  code('POP')
]).flat()

/** Ten slots, as a list that is paid for ahead. */
const TEN_SLOTS = [
  { address: CONTRACT, storageKeys: Array.from({ length: 10 }, (_, slot) => word(slot)) }
]
const READ_SLOTS = codeHex(
  ...Array.from({ length: 10 }, (_, slot) => [slot, 'SLOAD', 'POP'] as const).flat()
)

/** What is estimated: the request and its contracts; each also runs as a transaction. */
const ESTIMATES: readonly (readonly [string, CallRequest, Readonly<Record<Hex, AllocEntry>>])[] = [
  ['a transfer', { to: testAddress(7) }, {}],
  ['calldata that nobody reads', { to: testAddress(7), data: `0x${'11'.repeat(500)}` }, {}],
  ['calls of precompiles', { to: CONTRACT }, { [CONTRACT]: { code: codeHex(...HASHER) } }],
  [
    'a look at itself, its caller and the fee recipient',
    { to: CONTRACT },
    {
      [CONTRACT]: {
        code: codeHex(
          ...(['ADDRESS', 'CALLER', 'COINBASE'] as const).flatMap(
            (who) => [who, 'BALANCE'] as const
          )
        )
      }
    }
  ],
  [
    'slots that are cleared, whose refund comes too late to help',
    { to: CONTRACT },
    {
      [CONTRACT]: {
        code: codeHex(0, 0, 'SSTORE', 0, 1, 'SSTORE', 0, 2, 'SSTORE'),
        storage: { [word(0)]: word(1), [word(1)]: word(1), [word(2)]: word(1) }
      }
    }
  ],
  [
    'a call that must be left more gas than it uses',
    { to: CONTRACT },
    {
      // Reverts when the call got less than it needs, or its own check of the gas fails.
      [CONTRACT]: { code: codeHex(call(CALLED), 34, 'JUMPI', 0, 0, 'REVERT', code('JUMPDEST')) },
      [CALLED]: { code: codeHex(400_000, 'GAS', 'GT', 10, 'JUMPI', 'INVALID', 'JUMPDEST') }
    }
  ],
  [
    'an access list, of type 1',
    { to: CONTRACT, accessList: TEN_SLOTS },
    { [CONTRACT]: { code: READ_SLOTS } }
  ],
  [
    'an authorization of an account that exists, whose refund comes too late, of type 4',
    { to: testAddress(2), authorizationList: [delegation(2, CONTRACT)] },
    { [CONTRACT]: { code: codeHex(1, 0, 'SSTORE') } }
  ],
  [
    'an authorization that does not count, of type 4',
    { to: testAddress(2), authorizationList: [delegation(2, CONTRACT, 5n)] },
    { [CONTRACT]: { code: codeHex(1, 0, 'SSTORE') } }
  ],
  ['a creation', { data: bytesToHex(initCode(new Uint8Array(900).fill(1))) }, {}]
]

/** A signed delegation of a test account. */
function delegation(from: number, target: Hex, nonce = 0n): CallAuthorization {
  const [chainId, , , yParity, r, s] = authorization({ from, target, nonce }).map(bytesToBigint)
  return { chainId: chainId!, address: target, nonce, yParity: yParity!, r: r!, s: s! }
}

/** What a transaction of the request's type carries besides. */
function listsOf({ accessList, authorizationList }: CallRequest): TxFields {
  if (authorizationList !== undefined) {
    return { type: 4, authorizationList: authorizationList.map(toTuple) }
  }
  if (accessList === undefined) return {}
  const entries = accessList.map((entry) => ({ ...entry, storageKeys: [...entry.storageKeys] }))
  return { type: 1, accessList: entries }
}

describe('an estimate of gas', () => {
  for (const [name, request, alloc] of ESTIMATES) {
    it(`suffices for ${name}, and is hardly more than that takes`, async () => {
      const { chain, estimate } = await open(alloc)
      const outcome = await estimate({ ...request, from: testAddress(0) })
      assert.ok(outcome.kind === 'gas', outcome.kind)
      const { to, data = '0x' } = request
      const fields = { to, data: Buffer.from(data.slice(2), 'hex'), ...listsOf(request) }
      const { receipts } = await chain.extend([signedTx({ ...fields, gasLimit: outcome.gas })])
      assert.equal(receipts[0]?.status, 1)
      const less = signedTx({ ...fields, gasLimit: (outcome.gas * 63n) / 64n - 1n })
      const { chain: again } = await open(alloc)
      // Less either fails, or is too little to begin with.
      const tried = await again.extend([less]).then(
        ({ receipts: [receipt] }) => receipt?.status,
        (thrown: unknown) => String(thrown)
      )
      assert.ok(tried === 0 || String(tried).includes('intrinsic-gas-too-low'), String(tried))
    })
  }

  it('is exact for a transfer', async () => {
    const { estimate } = await open({})
    assert.deepEqual(await estimate({ from: testAddress(0), to: testAddress(7), value: 1n }), {
      kind: 'gas',
      gas: 21_000n
    })
  })

  it('says how the call fails where no gas helps', async () => {
    const { estimate } = await open({
      [CONTRACT]: { code: codeHex(7, 0, 'MSTORE', 32, 0, 'REVERT') },
      [CALLED]: { code: codeHex('JUMPDEST', 0, 'JUMP') }
    })
    assert.equal((await estimate({ to: CONTRACT })).kind, 'reverted')
    assert.deepEqual(await estimate({ to: CALLED, gas: 100_000n }), {
      kind: 'failed',
      reason: 'gas required exceeds allowance (100000)'
    })
    // Less than any transaction has: as in geth, the block's limit counts.
    assert.deepEqual(await estimate({ to: POOR, gas: 20_000n }), { kind: 'gas', gas: 21_000n })
  })
})

/** Calls itself for ever, with all gas that is left. */
const ENDLESS = codeHex('JUMPDEST', 0, 0, 0, 0, 0, 'ADDRESS', 'GAS', 'CALL', 'POP', 0, 'JUMP')
const ENDED = { kind: 'failed', reason: 'execution aborted (timeout = 2s)' } as const

describe('calls of many at a time', () => {
  const site = { chainId: EXECUTION_CHAIN_ID, blockHashes: () => undefined }
  const short = new CallRunner(site, { timeMaxMs: 2_000 })
  after(() => short.close())

  async function endless() {
    const alloc = {
      [CONTRACT]: { code: ENDLESS },
      [CALLED]: { code: codeHex(1, 'BLOCKHASH', ...RETURN_TOP) }
    }
    const { chain } = await open(alloc)
    await chain.extend([])
    return {
      call: (to: Hex, signal?: AbortSignal) =>
        short.call({ to, gas: 10n ** 9n }, chain.head, chain.view(), signal),
      estimate: (to: Hex) => short.estimateGas({ to }, chain.head, chain.view())
    }
  }

  it('answer a short one before any that has no end, which fails when its time is over', async () => {
    const { call } = await endless()
    const ended: string[] = []
    const long = Array.from({ length: 10 }, async () => {
      const outcome = await call(CONTRACT)
      ended.push('endless')
      return outcome
    })
    assert.equal((await call(POOR)).kind, 'returned')
    assert.deepEqual(ended, [])
    assert.deepEqual(
      await Promise.all(long),
      Array.from({ length: 10 }, () => ENDED)
    )
  })

  it('never take one that ran out of time for one that needs more gas', async () => {
    const { estimate } = await endless()
    assert.deepEqual(await estimate(CONTRACT), ENDED)
  })

  it('end with their caller, and before they begin where it has gone already', async () => {
    const { call } = await endless()
    const caller = new AbortController()
    const running = call(CONTRACT, caller.signal)
    assert.equal((await call(POOR)).kind, 'returned', 'the worker has both')
    caller.abort(new Error('gone'))
    await assert.rejects(running, /gone/)
    await assert.rejects(call(POOR, caller.signal), /gone/)
  })

  it('fail with the state that they read, each alone', async () => {
    const { call } = await endless()
    const [lost, whole] = await Promise.allSettled([call(CALLED), call(POOR)])
    assert.ok(lost.status === 'rejected' && lost.reason instanceof BlockHashError)
    assert.ok(whole.status === 'fulfilled' && whole.value.kind === 'returned')
  })

  it('fail when their worker ends, and the next one has a worker again', async () => {
    const { call } = await endless()
    const running = call(CONTRACT)
    await call(POOR)
    await short.close()
    const outcome = await running
    assert.ok(outcome.kind === 'failed')
    assert.match(outcome.reason, /^execution aborted: the worker that runs calls ended/)
    assert.equal((await call(POOR)).kind, 'returned')
  })
})
