// Calls with everything that geth's call objects may hold: overrides, fees, lists, reasons of reverts.
import assert from 'node:assert/strict'
import { toChecksumAddress as shown } from '@ethereumjs/util'
import { bytesToBigint, bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { code, codeHex, type CodePart, store, word } from '../../support/execution-code.ts'
import { authorization } from '../../support/execution-transactions.ts'
import { KEEPER, openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const RICH = testAddress(3)
const POOR: Hex = `0x${'0a'.repeat(20)}`
const ANYWHERE: Hex = `0x${'dd'.repeat(20)}`
const SHA256: Hex = `0x${'00'.repeat(19)}02`
const HASH: Hex = `0x01${'ab'.repeat(31)}`
const GWEI = 10n ** 9n
const RETURN_TOP: readonly CodePart[] = [0, 'MSTORE', 32, 0, 'RETURN']
const NOBODY_SHOWN = `0x${'00'.repeat(20)}`
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`
const answering = (...parts: readonly CodePart[]) => codeHex(...parts, ...RETURN_TOP)

let rpc: RpcChainFixture

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
  })
}

/** What code at ANYWHERE answers, as a number. */
async function answerOf(
  parts: readonly CodePart[],
  {
    call = {},
    blockOverrides = {}
  }: { readonly call?: object; readonly blockOverrides?: object } = {}
): Promise<bigint> {
  const overrides = { [ANYWHERE]: { code: answering(...parts) } }
  const request = { to: ANYWHERE, ...call }
  return BigInt((await rpc.result('eth_call', request, null, overrides, blockOverrides)) as Hex)
}

const messageOf = async (method: string, ...params: readonly unknown[]) => {
  const { error } = await rpc.ask(method, ...params)
  assert.equal(error?.code, -32000, JSON.stringify(error))
  return error.message
}

describe('overrides of the state', () => {
  useFixture()

  const rows: readonly (readonly [
    what: string,
    parts: readonly CodePart[],
    changes: object,
    expected: bigint
  ])[] = [
    ['a balance', [ANYWHERE, 'BALANCE'], { balance: '0x2a' }, 42n],
    [
      'a slot among others',
      [1, 'SLOAD', 9, 'SLOAD', 'ADD'],
      { stateDiff: { [word(9)]: word(5) } },
      12n
    ],
    ['all slots', [1, 'SLOAD', 9, 'SLOAD', 'ADD'], { state: { [word(9)]: word(5) } }, 5n],
    ['a slot that is zero then', [1, 'SLOAD'], { stateDiff: { [word(1)]: word(0) } }, 0n]
  ]
  for (const [what, parts, changes, expected] of rows) {
    it(`change ${what}, for one call alone`, async () => {
      const target = changes instanceof Object && 'balance' in changes ? ANYWHERE : KEEPER
      const overrides = { [target]: { code: answering(...parts), ...changes } }
      const result = await rpc.result('eth_call', { to: target }, 'latest', overrides)
      assert.equal(BigInt(result as Hex), expected)
      assert.equal(await rpc.result('eth_call', { to: KEEPER }), word(7))
      assert.equal(await rpc.result('eth_getBalance', ANYWHERE), '0x0')
    })
  }
  it('change the nonce that a contract is created with', async () => {
    const creator = code(0, 0, 0, 'CREATE', ...RETURN_TOP)
    const created = async (nonce: Hex) => {
      const overrides = { [ANYWHERE]: { code: bytesToHex(creator), nonce } }
      return rpc.result('eth_call', { to: ANYWHERE }, 'latest', overrides)
    }
    assert.notEqual(await created('0x5'), await created('0x6'))
  })
  it('give a sender what it lacks, also for an estimate', async () => {
    const call = { from: POOR, to: ANYWHERE, value: '0x64' }
    const overrides = { [POOR]: { balance: '0x64' } }
    assert.equal(await rpc.result('eth_call', call, 'latest', overrides), '0x')
    assert.equal(await rpc.result('eth_estimateGas', call, 'latest', overrides), hex(21_000))
    assert.equal(
      await messageOf('eth_call', call),
      `err: insufficient funds for gas * price + value: address ${shown(POOR)} have 0 want 100 (supplied gas 50000000)`
    )
  })
  it('move a precompile, and put code in its place', async () => {
    const hash = await rpc.result('eth_call', { to: SHA256, data: '0x01' })
    const overrides = {
      [SHA256]: { code: answering(7), movePrecompileToAddress: ANYWHERE }
    }
    const ask = (to: Hex) => rpc.result('eth_call', { to, data: '0x01' }, 'latest', overrides)
    assert.equal(await ask(ANYWHERE), hash)
    assert.equal(await ask(SHA256), word(7))
  })
  for (const [what, overrides, message] of [
    [
      'all slots and some of them',
      { [KEEPER]: { state: {}, stateDiff: {} } },
      `account ${shown(KEEPER)} has both 'state' and 'stateDiff'`
    ],
    [
      'a precompile that is none',
      { [KEEPER]: { movePrecompileToAddress: ANYWHERE } },
      `account ${shown(KEEPER)} is not a precompile`
    ],
    [
      'a precompile onto an account that is overridden',
      { [SHA256]: { movePrecompileToAddress: KEEPER }, [KEEPER]: {} },
      `account ${shown(KEEPER)} is already overridden`
    ]
  ] as const) {
    it(`are refused: ${what}`, async () => {
      assert.equal(await messageOf('eth_call', {}, 'latest', overrides), message)
      assert.equal(await messageOf('eth_estimateGas', {}, 'latest', overrides), message)
    })
  }
})

describe('overrides of the block', () => {
  useFixture()

  for (const [field, value, opcode] of [
    ['number', 500n, 'NUMBER'],
    ['time', 12n, 'TIMESTAMP'],
    ['gasLimit', 77n, 'GASLIMIT'],
    ['feeRecipient', BigInt(RICH), 'COINBASE'],
    ['prevRandao', BigInt(HASH), 'PREVRANDAO'],
    ['blobBaseFee', 9n, 'BLOBBASEFEE']
  ] as const) {
    it(`change ${field}`, async () => {
      const digits = field === 'feeRecipient' ? RICH : field === 'prevRandao' ? HASH : hex(value)
      assert.equal(await answerOf([opcode], { blockOverrides: { [field]: digits } }), value)
      assert.notEqual(await answerOf([opcode]), value)
    })
  }
  it('change the base fee of a call that pays', async () => {
    const blockOverrides = { baseFeePerGas: hex(3n * GWEI) }
    const call = { from: RICH, maxFeePerGas: hex(5n * GWEI), maxPriorityFeePerGas: hex(GWEI) }
    assert.equal(await answerOf(['BASEFEE'], { call, blockOverrides }), 3n * GWEI)
    assert.equal(await answerOf(['GASPRICE'], { call, blockOverrides }), 4n * GWEI)
    assert.equal(await answerOf(['BASEFEE'], { blockOverrides }), 0n)
  })
  it('bring no hash of the block that the call is made on, but to a trace on the next height', async () => {
    const parts = [3, 'BLOCKHASH'] as const
    const blockOverrides = { number: '0x4' }
    assert.equal(await answerOf(parts, { blockOverrides }), 0n)
    const trace = (await rpc.result('debug_traceCall', { to: ANYWHERE }, 'latest', {
      tracer: 'callTracer',
      stateOverrides: { [ANYWHERE]: { code: answering(...parts) } },
      blockOverrides
    })) as { output: Hex }
    assert.equal(trace.output, rpc.blocks[3]!.hash)
  })
  it('bound an estimate by their gas limit', async () => {
    const blockOverrides = { gasLimit: hex(40_000) }
    const call = { to: ANYWHERE, data: `0x${'11'.repeat(2_000)}` }
    assert.equal(
      await messageOf('eth_estimateGas', call, 'latest', {}, blockOverrides),
      'gas required exceeds allowance (40000)'
    )
  })
  for (const [field, value] of [
    ['beaconRoot', HASH],
    ['withdrawals', []]
  ] as const) {
    it(`are refused: ${field}`, async () => {
      const message = `block override "${field}" is not supported for this RPC method`
      const asked = [{}, 'latest', {}, { [field]: value }]
      assert.equal(await messageOf('eth_call', ...asked), message)
      assert.equal(await messageOf('eth_estimateGas', ...asked), message)
    })
  }
})

describe('what a call pays', () => {
  useFixture()

  const short = `err: insufficient funds for gas * price + value: address ${NOBODY_SHOWN}`
  for (const [what, call, message] of [
    [
      'a price of both kinds',
      { gasPrice: '0x1', maxFeePerGas: '0x1' },
      'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified'
    ],
    [
      'a tip above its cap',
      { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      `err: max priority fee per gas higher than max fee per gas: address ${NOBODY_SHOWN}, maxPriorityFeePerGas: 2, maxFeePerGas: 1 (supplied gas 50000000)`
    ],
    [
      'gas that the sender cannot pay',
      { gasPrice: hex(10n * GWEI), gas: '0x186a0' },
      `${short} have 0 want 1000000000000000 (supplied gas 100000)`
    ],
    [
      'more than there can be',
      { gasPrice: `0x${'f'.repeat(64)}`, gas: '0x186a0' },
      `${short} required balance exceeds 256 bits (supplied gas 100000)`
    ],
    ['another chain', { chainId: '0x1' }, "chainId does not match node's (have=1, want=901)"],
    [
      'an empty list of authorizations',
      { to: KEEPER, authorizationList: [] },
      `err: EIP-7702 transaction with empty auth list (sender ${NOBODY_SHOWN}) (supplied gas 50000000)`
    ],
    [
      'blobs of nothing',
      { to: KEEPER, blobVersionedHashes: [] },
      'err: blob transaction missing blob hashes (supplied gas 50000000)'
    ],
    [
      'a hash that is no blob’s',
      { to: KEEPER, blobVersionedHashes: [word(1)] },
      'err: blob 0 has invalid hash version (supplied gas 50000000)'
    ],
    [
      'init code that is too large',
      { data: `0x${'00'.repeat(49_153)}` },
      'err: max initcode size exceeded: code size 49153 limit 49152 (supplied gas 50000000)'
    ],
    [
      'less than calldata costs at least',
      { to: KEEPER, data: `0x${'11'.repeat(1_000)}`, gas: hex(40_000) },
      'err: insufficient gas for floor data gas cost: have 40000, want 61000 (supplied gas 40000)'
    ]
  ] as const) {
    it(`is refused in geth's words: ${what}`, async () => {
      assert.equal(await messageOf('eth_call', call), message)
    })
  }
  it('is refused below the base fee', async () => {
    const baseFee = rpc.chain.head.header.baseFeePerGas
    const call = { from: RICH, maxFeePerGas: '0x1', gas: '0x5208', to: RICH }
    const reason = `max fee per gas less than block base fee: address ${shown(RICH)}, maxFeePerGas: 1, baseFee: ${String(baseFee)}`
    assert.equal(await messageOf('eth_call', call), `err: ${reason} (supplied gas 21000)`)
    assert.equal(await messageOf('eth_estimateGas', call), `failed with 21000 gas: ${reason}`)
  })
  it('bounds an estimate by what the sender can pay', async () => {
    const call = { from: POOR, to: ANYWHERE, gasPrice: hex(10n * GWEI) }
    assert.equal(await messageOf('eth_estimateGas', call), 'insufficient funds for transfer')
    const overrides = { [POOR]: { balance: hex(20_000n * 10n * GWEI) } }
    assert.equal(
      await messageOf('eth_estimateGas', call, 'latest', overrides),
      'gas required exceeds allowance (20000)'
    )
  })
  it('leaves the sender the rest', async () => {
    const call = { from: RICH, gasPrice: hex(10n * GWEI), gas: '0x186a0' }
    const before = BigInt((await rpc.result('eth_getBalance', RICH)) as Hex)
    assert.equal(await answerOf(['CALLER', 'BALANCE'], { call }), before - 100_000n * 10n * GWEI)
  })
})

describe('what a call carries', () => {
  useFixture()

  it('is its input, where that and data differ', async () => {
    const call = { input: word(8), data: word(9) }
    assert.equal(await answerOf([0, 'CALLDATALOAD'], { call }), 8n)
  })
  it('is an access list, whose slots are warm', async () => {
    const parts = ['GAS', 1, 'SLOAD', 'POP', 'GAS', 'SWAP1', 'SUB'] as const
    const accessList = [{ address: ANYWHERE, storageKeys: [word(1)] }]
    // A cold slot is 2,100 and a warm one 100 (EIP-2929); three opcodes beside are 7.
    assert.equal(await answerOf(parts), 2_107n)
    assert.equal(await answerOf(parts, { call: { accessList } }), 107n)
  })
  it('is a delegation, by whose code the account acts', async () => {
    const [chainId, , nonce, yParity, r, s] = authorization({ from: 3, target: KEEPER })
      .map(bytesToBigint)
      .map(hex)
    const signed = { chainId, address: KEEPER, nonce, yParity, r, s }
    const call = { to: RICH, authorizationList: [signed] }
    const overrides = { [RICH]: { stateDiff: { [word(1)]: word(5) } } }
    assert.equal(await rpc.result('eth_call', call, 'latest', overrides), word(5))
    assert.equal(
      await messageOf('eth_call', { ...call, to: null, data: '0x00' }),
      `err: EIP-7702 transaction cannot be used to create contract (sender ${NOBODY_SHOWN}) (supplied gas 50000000)`
    )
  })
  it('is the hashes of blobs, which are not paid for where no price is named', async () => {
    const call = { blobVersionedHashes: [HASH] }
    assert.equal(await answerOf([0, 'BLOBHASH'], { call }), BigInt(HASH))
    assert.equal(await answerOf(['BLOBBASEFEE'], { call }), 0n)
  })
})

describe('a revert', () => {
  useFixture()

  const text = (reason: string) => {
    const bytes = Buffer.from(reason)
    const body = Buffer.alloc(64 + Math.ceil(bytes.length / 32) * 32)
    body[31] = 32
    body.writeUInt32BE(bytes.length, 60)
    bytes.copy(body, 64)
    return Buffer.concat([Buffer.from('08c379a0', 'hex'), body])
  }
  const panic = (number: number) => Buffer.from(`4e487b71${word(number).slice(2)}`, 'hex')
  for (const [what, data, message] of [
    ['a text', text('not yours'), 'execution reverted: not yours'],
    ['an empty text', text(''), 'execution reverted: '],
    ['a panic', panic(0x11), 'execution reverted: arithmetic underflow or overflow'],
    ['an unknown panic', panic(0x99), 'execution reverted: unknown panic code: 0x99'],
    ['an error of its own', Buffer.from('aabbccdd01', 'hex'), 'execution reverted'],
    ['nothing', Buffer.alloc(0), 'execution reverted'],
    ['half of a text', text('not yours').subarray(0, 70), 'execution reverted'],
    [
      'a text without end, which the data has in full',
      text('x'.repeat(5_000)),
      `execution reverted: ${'x'.repeat(4_096)}`
    ]
  ] as const) {
    it(`has code 3, the data and its reason: ${what}`, async () => {
      const reverter = bytesToHex(code(store(data), data.length, 0, 'REVERT'))
      const overrides = { [ANYWHERE]: { code: reverter } }
      for (const method of ['eth_call', 'eth_estimateGas']) {
        const { error } = await rpc.ask(method, { to: ANYWHERE }, 'latest', overrides)
        assert.deepEqual(error, { code: 3, message, data: bytesToHex(data) })
      }
    })
  }
})
