// Traces in callTracer's shape: every kind of frame, geth's words for failures, logs, and what is refused or bounded.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { call, code, type CodePart, store, word } from '../../support/execution-code.ts'
import {
  BLOCK_TRANSACTIONS,
  callerTopic,
  KEEPER,
  LOGGER,
  openRpcChain,
  REVERTER,
  type RpcChainFixture,
  TOPIC
} from './rpc-chain.ts'

interface Frame {
  readonly type: string
  readonly from: Hex
  readonly to?: Hex
  readonly gas: Hex
  readonly gasUsed: Hex
  readonly input: Hex
  readonly output?: Hex
  readonly error?: string
  readonly revertReason?: string
  readonly value?: Hex
  readonly calls?: readonly Frame[]
  readonly logs?: readonly Record<string, unknown>[]
}

const RICH: Hex = testAddress(3)
const IDENTITY: Hex = `0x${'00'.repeat(19)}04`
const HEIR: Hex = `0x${'99'.repeat(20)}`
const CALL_TRACER = { tracer: 'callTracer' }
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`
const hashOf = (raw: Uint8Array) => bytesToHex(keccak256(raw))

let rpc: RpcChainFixture

/** The trace of a call that creates: its init code may be any code. */
async function traceCode(
  init: Uint8Array,
  { config = {}, ...fields }: { config?: object; from?: Hex; gas?: Hex; value?: Hex } = {}
): Promise<Frame> {
  const request = { data: bytesToHex(init), ...fields }
  return (await rpc.result('debug_traceCall', request, 'latest', {
    ...CALL_TRACER,
    ...config
  })) as Frame
}

const errorOf = async (method: string, ...params: readonly unknown[]) => {
  const { error } = await rpc.ask(method, ...params)
  assert.ok(error)
  return error
}

/** Without what depends on the price of opcodes. */
function shapeOf({ gas, gasUsed, calls, ...frame }: Frame): object {
  assert.ok(BigInt(gasUsed) <= BigInt(gas))
  return calls === undefined ? frame : { ...frame, calls: calls.map(shapeOf) }
}

/** Error(string), as Solidity encodes it. */
function solidityError(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  const padded = Buffer.alloc(Math.ceil(bytes.length / 32) * 32)
  bytes.copy(padded)
  const head = `08c379a0${word(32).slice(2)}${word(bytes.length).slice(2)}`
  return Buffer.concat([Buffer.from(head, 'hex'), padded])
}

const revertWith = (data: Uint8Array) => code(store(data), data.length, 0, 'REVERT')
const inCode = (type: 'DELEGATECALL' | 'STATICCALL', target: Hex) =>
  code(0, 0, 0, 0, target, 'GAS', type, 'POP')

describe('debug_traceTransaction', () => {
  before(async () => {
    rpc = await openRpcChain()
  })

  const [first, second] = BLOCK_TRANSACTIONS[2]!

  it('shows a transaction after those ahead of it in its block', async () => {
    const receipt = (await rpc.result('eth_getTransactionReceipt', hashOf(second!))) as Frame
    const trace = await rpc.result('debug_traceTransaction', hashOf(second!), {
      ...CALL_TRACER,
      tracerConfig: { withLog: true }
    })
    const transaction = (await rpc.result('eth_getTransactionByHash', hashOf(second!))) as Frame
    assert.deepEqual(trace, {
      from: testAddress(2),
      gas: transaction.gas,
      gasUsed: receipt.gasUsed,
      to: LOGGER,
      input: word(0xcc),
      logs: [
        {
          address: LOGGER,
          topics: [TOPIC, callerTopic(2)],
          data: word(0xcc),
          index: '0x1',
          position: '0x0'
        }
      ],
      value: '0x0',
      type: 'CALL'
    })
  })
  it('shows all of a block, by number and by hash', async () => {
    const { hash } = rpc.blocks[3]!
    for (const [method, block] of [
      ['debug_traceBlockByNumber', '0x3'],
      ['debug_traceBlockByHash', hash]
    ] as const) {
      const traces = (await rpc.result(method, block, CALL_TRACER)) as readonly object[]
      const single = async (raw: Uint8Array) => {
        const result = await rpc.result('debug_traceTransaction', hashOf(raw), CALL_TRACER)
        return { txHash: hashOf(raw), result }
      }
      assert.deepEqual(traces, [await single(first!), await single(second!)])
    }
    assert.deepEqual(
      await rpc.result('debug_traceBlockByNumber', '0x2', CALL_TRACER).catch(String),
      'Error: debug_traceBlockByNumber: state of block 1 is not available; the oldest is 2'
    )
  })
  for (const [what, method, params, code, message] of [
    [
      'an unknown transaction',
      'debug_traceTransaction',
      [word(1), CALL_TRACER],
      -32000,
      'transaction not found'
    ],
    [
      'genesis',
      'debug_traceBlockByNumber',
      ['earliest', CALL_TRACER],
      -32000,
      'genesis is not traceable'
    ],
    [
      'an unknown block',
      'debug_traceBlockByHash',
      [word(1), CALL_TRACER],
      -32000,
      'block not found'
    ],
    [
      'no tracer',
      'debug_traceTransaction',
      [hashOf(first!)],
      -32602,
      'invalid params: the struct logger is not supported: ask with {"tracer":"callTracer"}'
    ],
    [
      'another tracer',
      'debug_traceCall',
      [{}, 'latest', { tracer: 'prestateTracer' }],
      -32602,
      'invalid params: this tracer is not supported: ask with {"tracer":"callTracer"}'
    ],
    [
      'an override of the block that no call can have',
      'debug_traceCall',
      [{}, 'latest', { ...CALL_TRACER, blockOverrides: { withdrawals: [] } }],
      -32000,
      'block override "withdrawals" is not supported for this RPC method'
    ],
    [
      'a place in a block',
      'debug_traceCall',
      [{}, 'latest', { ...CALL_TRACER, txIndex: '0x1' }],
      -32602,
      'invalid params: argument 2.txIndex: calls in the middle of a block are not supported here'
    ],
    [
      'a timeout in words',
      'debug_traceCall',
      [{}, 'latest', { ...CALL_TRACER, timeout: 'soon' }],
      -32602,
      'invalid params: argument 2.timeout: must be a duration: 500ms, 2s, 1m30s'
    ],
    [
      'the pending block',
      'debug_traceCall',
      [{}, 'pending', CALL_TRACER],
      -32000,
      'tracing on top of pending is not supported'
    ],
    [
      'too little gas',
      'debug_traceCall',
      [{ to: KEEPER, gas: '0x5207' }, 'latest', CALL_TRACER],
      -32000,
      'tracing failed: intrinsic gas too low: have 20999, want 21000'
    ]
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.deepEqual(await errorOf(method, ...params), { code, message })
    })
  }
})

describe('debug_traceCall', () => {
  before(async () => {
    rpc = await openRpcChain()
  })

  it('has a frame for each call, creation and self-destruction', async () => {
    const init = code(
      call(KEEPER),
      'POP',
      inCode('STATICCALL', KEEPER),
      inCode('DELEGATECALL', KEEPER),
      code(0, 0, 0, 0, 2, KEEPER, 'GAS', 'CALLCODE', 'POP'),
      call(REVERTER, { value: 1 }),
      'POP',
      code(store(Uint8Array.of(0xfe, 2, 3)), 3, 0, 0, 'CREATE', 'POP'),
      call(IDENTITY, { inputBytes: 3 }),
      'POP',
      call(KEEPER, { value: 6, gas: 7 }),
      'POP',
      HEIR,
      'SELFDESTRUCT'
    )
    const top = await traceCode(init, { from: RICH, value: '0x5', gas: hex(3_000_000) })
    const { to: created } = top
    assert.ok(created)
    const from = created
    const keeper = { from, to: KEEPER, input: '0x' }
    assert.deepEqual(shapeOf(top), {
      ...{ type: 'CREATE', from: RICH, to: created, input: bytesToHex(init), value: '0x5' },
      calls: [
        { ...keeper, type: 'CALL', output: word(7), value: '0x0' },
        { ...keeper, type: 'STATICCALL', output: word(7) },
        { ...keeper, type: 'DELEGATECALL', output: word(0), value: '0x5' },
        { ...keeper, type: 'CALLCODE', output: word(0), value: '0x2' },
        {
          ...{ type: 'CALL', from, to: REVERTER, input: '0x', value: '0x1' },
          ...{ output: word(0x2a), error: 'execution reverted' }
        },
        {
          ...{ type: 'CREATE', from, input: '0xfe0203', value: '0x0' },
          error: 'invalid opcode: INVALID'
        },
        { type: 'CALL', from, to: IDENTITY, input: '0xfe0203', output: '0xfe0203', value: '0x0' },
        { ...keeper, type: 'CALL', value: '0x6', error: 'insufficient balance for transfer' },
        { type: 'SELFDESTRUCT', from, to: HEIR, input: '0x', value: '0x5' }
      ]
    })
    // A cold slot and a warm one (EIP-2929), with 16 for the rest; 15 and 3 a word for the identity.
    const used = top.calls!.map(({ gasUsed }) => Number(gasUsed))
    assert.deepEqual([used[0], used[1], used[6], used[7], used[8]], [2116, 116, 18, 0, 0])
    assert.equal(top.calls![5]!.gasUsed, top.calls![5]!.gas)
    // What was asked for, and the stipend of a call with value.
    assert.equal(top.calls![7]!.gas, hex(2_307))
    assert.equal(top.gas, hex(3_000_000))
    assert.deepEqual(Object.keys(top), [
      ...['from', 'gas', 'gasUsed', 'to', 'input', 'calls', 'value', 'type']
    ])
  })
  it('has the gas that the transaction pays for, after refunds', async () => {
    const { gasUsed } = await traceCode(code(1, 0, 'SSTORE', 0, 0, 'SSTORE'))
    // A creation, a word and seven bytes of init code; a cold slot that is set, then taken back, and four pushes.
    const spent = 53_000 + 2 + 7 * 16 + 22_100 + 100 + 3 + 3 * 2
    assert.equal(Number(gasUsed), spent - Math.floor(spent / 5))
  })
  it('has only the top frame, when that is asked for', async () => {
    const config = { tracerConfig: { onlyTopCall: true, withLog: true } }
    const init = code(inCode('DELEGATECALL', LOGGER), code(0, 0, 'LOG0'))
    const { calls, logs } = await traceCode(init, { config })
    assert.equal(calls, undefined)
    assert.deepEqual(
      logs?.map(({ index, topics }) => [index, topics]),
      [['0x1', []]]
    )
  })
  it('has the logs of frames, but for those that failed or stand in one that did', async () => {
    const failing = code(call(LOGGER), 'POP', 0, 0, 'LOG0', 0, 0, 'REVERT')
    const creating = code(store(failing), failing.length, 0, 0, 'CREATE', 'POP')
    const init = code(0, 0, 'LOG0', creating, call(LOGGER), 'POP', 0x77, 0, 0, 'LOG1')
    const top = await traceCode(init, { config: { tracerConfig: { withLog: true } } })
    const [created, logger] = top.calls!
    const places = (frame: Frame | undefined) =>
      frame?.logs?.map(({ index, position }) => [index, position])
    assert.deepEqual(places(top), [
      ['0x0', '0x0'],
      ['0x2', '0x2']
    ])
    assert.deepEqual(top.logs![1], {
      ...{ address: top.to, topics: [word(0x77)], data: '0x', index: '0x2', position: '0x2' }
    })
    assert.deepEqual(places(logger), [['0x1', '0x0']])
    assert.equal(created!.error, 'execution reverted')
    assert.deepEqual([created!.logs, created!.calls![0]!.logs], [undefined, undefined])
    assert.equal((await traceCode(init)).logs, undefined)
  })

  const unicode = 'näh 🙂 "no"'
  const panic = (number: number) => Buffer.from(`4e487b71${word(number).slice(2)}`, 'hex')
  for (const [what, data, reason] of [
    ['a reason', solidityError(unicode), unicode],
    ['a long reason', solidityError('x'.repeat(100)), 'x'.repeat(100)],
    ['a panic', panic(0x11), 'arithmetic underflow or overflow'],
    ['an unknown panic', panic(0xabc), 'unknown panic code: 0xabc'],
    ['a custom error', Uint8Array.of(1, 2, 3, 4), undefined],
    ['a reason that is cut off', solidityError('gone').subarray(0, 70), undefined]
  ] as const) {
    it(`reads why it reverted: ${what}`, async () => {
      const top = await traceCode(revertWith(data))
      assert.equal(top.output, bytesToHex(data))
      assert.deepEqual([top.error, top.revertReason], ['execution reverted', reason])
      assert.equal(top.to, undefined)
    })
  }

  const raw = (...bytes: readonly number[]) => Uint8Array.from(bytes)
  const FAILURES: readonly (readonly [error: string, parts: readonly CodePart[], gas?: number])[] =
    [
      ['invalid jump destination', [5, 'JUMP']],
      ['stack underflow (0 <=> 2)', ['ADD']],
      ['stack underflow (2 <=> 7)', [0, 0, 'CALL']],
      ['stack underflow (1 <=> 2)', [0, 'SWAP1']],
      ['stack limit reached 1024 (1023)', ['JUMPDEST', 0, 0, 'JUMP']],
      ['return data out of bounds', [1, 0, 0, 'RETURNDATACOPY']],
      ['invalid opcode: opcode 0xc not defined', [raw(0x0c)]],
      ['invalid code: must not begin with 0xef', [store(raw(0xef)), 1, 0, 'RETURN']],
      ['max code size exceeded', [24_577, 0, 'RETURN']],
      ['contract creation code storage out of gas', [1_000, 0, 'RETURN'], 60_000],
      ['out of gas', ['JUMPDEST', 0, 'JUMP'], 60_000]
    ]
  for (const [error, parts, gas = 9_000_000] of FAILURES) {
    it(`says ${error}, as geth does`, async () => {
      const top = await traceCode(code(...parts), { gas: hex(gas) })
      assert.deepEqual([top.error, top.output, top.to], [error, undefined, undefined])
      assert.equal(top.gasUsed, top.gas)
    })
  }
  it('says write protection of what writes in a static call', async () => {
    const { calls } = await traceCode(inCode('STATICCALL', LOGGER))
    assert.equal(calls?.[0]?.error, 'write protection')
  })

  it('ends when it has too much to show', async () => {
    const size = 2 ** 18
    const start = code(1, size - 32, 'MSTORE')
    const loop = code('JUMPDEST', call(HEIR, { inputBytes: size }), 'POP', start.length, 'JUMP')
    const data = bytesToHex(code(start, loop))
    assert.deepEqual(await errorOf('debug_traceCall', { data }, 'latest', CALL_TRACER), {
      code: -32005,
      message: 'the trace has more than 16 MiB: ask for less, with onlyTopCall'
    })
    const config = { ...CALL_TRACER, tracerConfig: { onlyTopCall: true } }
    const gas = hex(300_000)
    const top = (await rpc.result('debug_traceCall', { data, gas }, 'latest', config)) as Frame
    assert.equal(top.error, 'out of gas')
  })
  it('ends when its time is over', async () => {
    const data = bytesToHex(code('JUMPDEST', 0, 'JUMP'))
    const config = { ...CALL_TRACER, timeout: '1ms' }
    assert.deepEqual(await errorOf('debug_traceCall', { data }, 'latest', config), {
      code: -32000,
      message: 'tracing failed: execution aborted (timeout = 0.001s)'
    })
  })
})
