// Calls that both nodes are asked: every field of a call object, overrides of state and block, and what is wrong with each.
import { bytesToBigint, bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import {
  call as callCode,
  code,
  codeHex,
  type CodePart,
  word
} from '../../support/execution-code.ts'
import { authorization } from '../../support/execution-transactions.ts'
import { KEEPER, LOGGER, REVERTER, TELLER } from './geth-chain.ts'
import { ask, type GethRequest } from './geth-request.ts'

const RICH = testAddress(0)
const POOR: Hex = `0x${'99'.repeat(20)}`
const NEW: Hex = `0x${'dd'.repeat(20)}`
const SHA256: Hex = `0x${'00'.repeat(19)}02`
const BLOB: Hex = `0x01${'ab'.repeat(31)}`
const GWEI = 10n ** 9n
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`
const answering = (...parts: readonly CodePart[]) => codeHex(...parts, 0, 'MSTORE', 32, 0, 'RETURN')

/** Each method that takes such a call; a trace wants its overrides elsewhere. */
const askAll = (call: unknown, state?: unknown, block?: unknown): readonly GethRequest[] => {
  const overrides = state === undefined ? [] : block === undefined ? [state] : [state, block]
  const config = { tracer: 'callTracer', stateOverrides: state, blockOverrides: block }
  return [
    ask('eth_call', call, 'latest', ...overrides),
    ask('eth_estimateGas', call, 'latest', ...overrides),
    ...(block === undefined ? [ask('eth_createAccessList', call, 'latest', ...overrides)] : []),
    ask('debug_traceCall', call, 'latest', config)
  ]
}

function signed(from: number, target: Hex, nonce = 0n) {
  const tuple = authorization({ from, target, nonce }).map(bytesToBigint).map(hex)
  const [chainId, , , yParity, r, s] = tuple
  return { chainId, address: target, nonce: hex(nonce), yParity, r, s }
}

/** All of them, in an order that stays. */
export function gethCallRequests(): readonly GethRequest[] {
  return [
    ...CALLS.flatMap((call) => askAll(call)),
    ...STATE_OVERRIDES.flatMap(([call, state]) => askAll(call, state)),
    ...BLOCK_OVERRIDES.flatMap((block) => askAll(TOLD.call, TOLD.state, block)),
    ...CREATIONS.map((call) => ask('eth_call', call)),
    ask('eth_call', TOLD.call, 'latest', TOLD.state, { difficulty: '0x5' }),
    ...STORAGE_KEYS.map((key) => ask('eth_getStorageAt', KEEPER, key, null)),
    ...NULLS
  ]
}

const SLOTS = [{ address: KEEPER, storageKeys: [word(1), word(2)] }]
const FEES = { maxFeePerGas: hex(20n * GWEI), maxPriorityFeePerGas: hex(GWEI) }
const PAID = { from: RICH, to: KEEPER, data: word(5) }

const CALLS: readonly unknown[] = [
  {},
  { to: KEEPER },
  { to: KEEPER, data: word(5), input: word(6) },
  { ...PAID, input: word(6) },
  { ...PAID, accessList: SLOTS },
  { ...PAID, accessList: SLOTS, ...FEES },
  { ...PAID, gasPrice: hex(20n * GWEI) },
  { ...PAID, gasPrice: '0x0' },
  { ...PAID, ...FEES },
  { ...PAID, ...FEES, gasPrice: '0x1' },
  { ...PAID, maxFeePerGas: '0x1' },
  { ...PAID, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
  { ...PAID, ...FEES, from: POOR },
  { ...PAID, gasPrice: `0x${'f'.repeat(64)}` },
  { from: POOR, to: NEW, value: '0x1' },
  { from: RICH, to: NEW, value: `0x${'f'.repeat(64)}` },
  { from: RICH, to: NEW, value: '0x1' },
  { from: RICH, to: NEW, value: '0x1', accessList: SLOTS },
  { ...PAID, chainId: hex(EXECUTION_CHAIN_ID) },
  { ...PAID, chainId: '0x1' },
  { ...PAID, nonce: '0x99', type: '0x2' },
  { from: RICH, to: testAddress(5), authorizationList: [signed(5, KEEPER, 2n)] },
  { from: RICH, to: testAddress(5), authorizationList: [signed(5, KEEPER, 7n)] },
  { from: RICH, to: testAddress(5), authorizationList: [] },
  {
    from: RICH,
    to: testAddress(5),
    authorizationList: [signed(5, KEEPER, 2n)],
    gasPrice: hex(20n * GWEI)
  },
  { from: RICH, to: KEEPER, blobVersionedHashes: [BLOB] },
  { from: RICH, to: KEEPER, blobVersionedHashes: [BLOB], maxFeePerBlobGas: '0x1' },
  { from: RICH, to: KEEPER, blobVersionedHashes: [BLOB], maxFeePerBlobGas: '0x0' },
  { from: RICH, to: KEEPER, blobVersionedHashes: [] },
  { from: RICH, to: KEEPER, blobVersionedHashes: [word(1)] },
  { ...PAID, gas: '0x5207' },
  { ...PAID, gas: '0x5208' },
  { ...PAID, gas: hex(2n ** 64n - 1n) },
  { from: RICH, to: NEW, data: `0x${'11'.repeat(1_000)}`, gas: hex(40_000) },
  { from: RICH, data: bytesToHex(code(1, 'SLOAD', 'INVALID')) },
  { from: RICH, data: bytesToHex(code('ADD')) },
  { from: RICH, data: bytesToHex(code(7, 'JUMP')) },
  { from: RICH, data: bytesToHex(code(1, 0, 'MSTORE', 0xef, 0, 'MSTORE', 1, 31, 'RETURN')) },
  { from: RICH, to: REVERTER },
  {
    from: RICH,
    data: bytesToHex(
      code(
        ...([callCode(KEEPER), 'POP', callCode(LOGGER, { inputBytes: 32 }), 'POP'] as const),
        ...([3, 'SLOAD', 'POP', NEW, 'BALANCE', 'POP', TELLER, 'EXTCODEHASH'] as const)
      )
    )
  },
  null,
  [],
  { to: '0x' },
  { to: KEEPER, gas: '0x01' },
  { to: KEEPER, gas: '21000' },
  { to: KEEPER, value: 1 },
  { to: KEEPER, gas: '' },
  { to: KEEPER, from: null, gas: null, accessList: null, authorizationList: null, value: null }
]

/** Asked of eth_call alone: two crash geth's other methods, one is long. */
const CREATIONS: readonly unknown[] = [
  { from: RICH, data: `0x${'00'.repeat(49_153)}` },
  { from: RICH, data: '0x00', authorizationList: [signed(5, KEEPER, 2n)] },
  { from: RICH, data: '0x00', blobVersionedHashes: [BLOB] }
]

const TOLD = {
  call: { from: RICH, to: NEW },
  state: {
    [NEW]: {
      code: codeHex(
        ...(
          [
            'NUMBER',
            'TIMESTAMP',
            'GASLIMIT',
            'COINBASE',
            'PREVRANDAO',
            'BASEFEE',
            'BLOBBASEFEE'
          ] as const
        ).flatMap((field, at) => [field, 32 * at, 'MSTORE'] as const),
        ...([6, 'BLOCKHASH', 224, 'MSTORE', 256, 0, 'RETURN'] as const)
      )
    }
  }
}

const STATE_OVERRIDES: readonly (readonly [call: unknown, state: unknown])[] = [
  [{ from: POOR, to: NEW, value: '0x5' }, { [POOR]: { balance: '0x5' } }],
  [{ to: KEEPER }, { [KEEPER]: { stateDiff: { [word(1)]: word(9) } } }],
  [{ to: KEEPER }, { [KEEPER]: { state: { [word(2)]: word(9) } } }],
  [{ to: KEEPER }, { [KEEPER]: { state: {}, stateDiff: {} } }],
  [{ to: KEEPER }, { [KEEPER]: { code: answering(3) } }],
  [{ to: KEEPER }, { [KEEPER]: { code: null, balance: null } }],
  [{ to: KEEPER }, null],
  [{ to: KEEPER }, {}],
  [{ to: NEW }, { [NEW]: { code: answering(code(0, 0, 0, 'CREATE')), nonce: '0x5' } }],
  [{ to: SHA256, data: '0x01' }, { [SHA256]: { code: answering(7) } }],
  [{ to: KEEPER }, { [KEEPER]: { movePrecompileToAddress: NEW } }],
  [{ to: KEEPER }, { [KEEPER]: { balance: '0x01' } }],
  [{ to: KEEPER }, { '0x12': {} }],
  [{ to: KEEPER }, { [KEEPER]: { state: { '0x1': word(1) } } }]
]

const BLOCK_OVERRIDES: readonly unknown[] = [
  null,
  {},
  { number: '0x7' },
  { number: '0x1000', time: '0x5', gasLimit: hex(60_000) },
  { feeRecipient: NEW, prevRandao: BLOB },
  { baseFeePerGas: hex(3n * GWEI), blobBaseFee: '0x9' },
  { beaconRoot: BLOB },
  { withdrawals: [] },
  { number: null, withdrawals: null }
]

const STORAGE_KEYS = [
  '0x1',
  '1',
  '01',
  '0x',
  '',
  word(1),
  word(1).slice(2),
  '0X1',
  '0xg',
  `${word(1)}0`
]

const NULLS: readonly GethRequest[] = [
  ask('eth_getBalance', RICH, null),
  ask('eth_getTransactionCount', RICH, null),
  ask('eth_getCode', KEEPER, null),
  ask('eth_getLogs', { fromBlock: '0x1', toBlock: null, address: null, topics: null }),
  ask('eth_getLogs', { fromBlock: '0x1', topics: [[null]] }),
  ask('eth_getProof', KEEPER, ['0x1', '1', word(1)], null),
  ask('eth_getProof', KEEPER, null, 'latest'),
  ask('eth_feeHistory', '2', 'latest', null),
  ask('eth_feeHistory', 2, 'latest', []),
  ask('eth_feeHistory', '0x02', 'latest', []),
  ask('eth_getBlockByNumber', '0x01', false),
  ask('eth_getBlockByNumber', '1', false),
  ask('eth_getBlockByNumber', '', false),
  ask('eth_getBlockByNumber', null, false),
  ask('eth_getBlockByNumber', '0x8000000000000000', false),
  ask('eth_getBlockByNumber', '0x7fffffffffffffff', false),
  ask('eth_getBalance', RICH, { blockNumber: 'latest' }),
  ask('eth_getBalance', RICH, { blockNumber: '0x1', blockHash: null }),
  ask('eth_getTransactionByBlockNumberAndIndex', '0x1', '0x00'),
  ask('eth_getTransactionByBlockNumberAndIndex', '0x1', '0')
]
