// Transfers, contract creation and the block's environment: our engine against @ethereumjs/vm.
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { assertCase, type ExecutionCase } from '../support/execution-cases.ts'
import { FEE_RECIPIENT, testAddress } from '../support/execution-chain.ts'
import { code, codeHex, type CodePart, initCode, word } from '../support/execution-code.ts'

const GWEI = 10n ** 9n
const NEW_ACCOUNT: Hex = '0x00000000000000000000000000000000000a0001'
const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
/** The last 20 bytes of keccak-256 of RLP([testAddress(0), 0]): where its first creation goes. */
const FIRST_CREATED: Hex = '0x7cd779988266c1eea33bff346c522e19ee481bef'

/** Leaves CONTRACT's slot 0 to what the code pushed last. */
function storing(...parts: readonly CodePart[]): Record<Hex, { code: Hex }> {
  return { [CONTRACT]: { code: codeHex(...parts, 0, 'SSTORE') } }
}

const TRANSFERS: readonly ExecutionCase[] = [
  {
    name: 'moves value in each type of envelope',
    blocks: [
      [
        { type: 0, to: testAddress(1), value: 7n },
        { type: 1, to: testAddress(1), value: 7n },
        { type: 2, to: testAddress(1), value: 7n }
      ]
    ],
    statuses: [1, 1, 1],
    gasUsed: [63_000n],
    balances: [[testAddress(1), 10n ** 24n + 21n]]
  },
  {
    name: 'creates the account that gets its first wei',
    blocks: [[{ to: NEW_ACCOUNT, value: 1n }], [{ to: NEW_ACCOUNT, value: 1n }]],
    statuses: [1, 1],
    gasUsed: [21_000n, 21_000n],
    balances: [[NEW_ACCOUNT, 2n]]
  },
  {
    name: 'leaves no account behind that was only touched',
    blocks: [[{ to: NEW_ACCOUNT, value: 0n }]],
    statuses: [1],
    absent: [NEW_ACCOUNT]
  },
  {
    name: 'burns the base fee and pays no account when there is no tip',
    // Base fee of the first block: 1 gwei less an empty block's share, 1/250 (Canyon's denominator).
    blocks: [[{ type: 2, to: testAddress(1), value: 0n, tip: 0n }]],
    statuses: [1],
    absent: [FEE_RECIPIENT],
    balances: [[testAddress(0), 10n ** 24n - 21_000n * 996_000_000n]]
  },
  {
    name: 'pays the tip to the fee recipient, capped by the fee cap',
    blocks: [
      [
        { to: testAddress(1), tip: 3n },
        { from: 1, to: testAddress(0), tip: GWEI, price: 10n ** 9n + 2n }
      ]
    ],
    statuses: [1, 1],
    balances: [[FEE_RECIPIENT, 21_000n * (3n + 4_000_002n)]]
  },
  {
    name: 'sends to itself and to the fee recipient, who may be the sender',
    attributes: { feeRecipient: testAddress(0) },
    blocks: [
      [
        { to: testAddress(0), value: 9n },
        { from: 1, to: testAddress(0), value: 9n }
      ]
    ],
    statuses: [1, 1],
    gasUsed: [42_000n]
  },
  {
    name: 'charges the floor for calldata that does nothing (EIP-7623)',
    // 100 bytes that are not zero are 400 tokens of 10 gas, 100 zeros are 100 of them.
    blocks: [
      [
        { to: testAddress(1), data: new Uint8Array(100).fill(1) },
        { to: testAddress(1), data: new Uint8Array(100) }
      ]
    ],
    statuses: [1, 1],
    gasUsed: [25_000n + 22_000n]
  },
  {
    name: 'makes a block of no transactions',
    blocks: [[], []],
    statuses: [],
    gasUsed: [0n, 0n]
  },
  {
    name: 'keeps a transaction without replay protection (before EIP-155)',
    blocks: [[{ type: 0, isUnprotected: true, to: testAddress(1), value: 1n }]],
    statuses: [1],
    gasUsed: [21_000n]
  }
]

const INIT_ONE = initCode(code(1, 0, 'SSTORE', 'STOP'))

const CREATIONS: readonly ExecutionCase[] = [
  {
    name: 'deploys code, which then runs',
    blocks: [[{ data: INIT_ONE, value: 3n }, { to: FIRST_CREATED }]],
    statuses: [1, 1],
    slots: [[FIRST_CREATED, 0n, 1n]],
    balances: [[FIRST_CREATED, 3n]]
  },
  {
    name: 'deploys nothing when the init code returns nothing',
    blocks: [[{ data: new Uint8Array(0) }]],
    statuses: [1],
    gasUsed: [53_000n]
  },
  {
    name: 'keeps the nonce and takes back the rest of a creation that reverts',
    blocks: [
      [{ data: code(1, 0, 'SSTORE', 0, 0, 'LOG0', 0, 0, 'REVERT'), value: 3n }],
      [{ to: testAddress(1) }]
    ],
    statuses: [0, 1],
    logsCount: 0,
    absent: [FIRST_CREATED]
  },
  ...[
    ['the largest code', 24_576, 1],
    ['code above EIP-170', 24_577, 0]
  ].map(([name, length, status]) => ({
    name: `creates with ${name!}`,
    blocks: [[{ data: code(Number(length), 0, 'RETURN'), gasLimit: 10_000_000n }]],
    statuses: [status as 0 | 1]
  })),
  {
    name: 'refuses code that begins with 0xef (EIP-3541)',
    blocks: [[{ data: initCode(Uint8Array.of(0xef, 1)) }]],
    statuses: [0],
    gasUsed: [1_000_000n],
    absent: [FIRST_CREATED]
  },
  {
    name: 'fails when the code deposit cannot be paid',
    blocks: [[{ data: code(1000, 0, 'RETURN'), gasLimit: 150_000n }]],
    statuses: [0],
    gasUsed: [150_000n],
    absent: [FIRST_CREATED]
  },
  ...(
    [
      ['code', { code: '0x00' }],
      ['a nonce', { nonce: '0x1' }],
      ['storage alone (EIP-7610)', { storage: { [word(5)]: word(7) } }]
    ] as const
  ).map(([name, entry]): ExecutionCase => ({
    name: `burns all gas where the address has ${name}`,
    alloc: { [FIRST_CREATED]: { ...entry, balance: '0x1' } },
    blocks: [[{ data: INIT_ONE, value: 3n }]],
    statuses: [0],
    gasUsed: [1_000_000n],
    balances: [[FIRST_CREATED, 1n]]
  })),
  {
    name: 'creates where only a balance is',
    alloc: { [FIRST_CREATED]: { balance: '0x1' } },
    blocks: [[{ data: INIT_ONE, value: 3n }]],
    statuses: [1],
    balances: [[FIRST_CREATED, 4n]]
  },
  {
    name: 'creates from a contract, and fails there without failing the caller',
    alloc: {
      [CONTRACT]: {
        // CREATE of no code twice, the second with more value than there is.
        code: codeHex(0, 0, 0, 'CREATE', 0, 'SSTORE', 0, 0, 9, 'CREATE', 1, 'ADD', 1, 'SSTORE'),
        balance: '0x1'
      }
    },
    blocks: [[{ to: CONTRACT }], [{ to: CONTRACT }]],
    statuses: [1, 1],
    slots: [[CONTRACT, 1n, 1n]]
  }
]

const HISTORY: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935'
const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'

const ENVIRONMENT: readonly ExecutionCase[] = [
  ...(
    [
      ['CHAINID', 901n],
      ['NUMBER', 2n],
      ['TIMESTAMP', 1_700_000_002n],
      ['GASLIMIT', 30_000_000n],
      ['BLOBBASEFEE', 1n],
      ['COINBASE', BigInt(FEE_RECIPIENT)],
      ['ORIGIN', BigInt(testAddress(0))],
      ['CALLER', BigInt(testAddress(0))],
      ['CALLVALUE', 6n],
      ['SELFBALANCE', 6n],
      // Two empty blocks: 10^9 * 249/250, twice, is 992 016 000.
      ['BASEFEE', 992_016_000n],
      ['GASPRICE', 1_992_016_000n]
    ] as const
  ).map(([opcode, value]): ExecutionCase => ({
    name: `answers ${opcode}`,
    alloc: storing(opcode),
    blocks: [[], [{ to: CONTRACT, value: 6n }]],
    statuses: [1],
    slots: [[CONTRACT, 0n, value]]
  })),
  ...[0, 1, 2, 3, 4].map((number): ExecutionCase => ({
    name: `answers PREVRANDAO and BLOCKHASH of ${number} in block 3`,
    alloc: {
      [CONTRACT]: {
        code: codeHex(
          number,
          'BLOCKHASH',
          0,
          'SSTORE',
          ...([number, 'BLOCKHASH', 'ISZERO', 1, 'SSTORE', 'PREVRANDAO', 2, 'SSTORE'] as const)
        )
      }
    },
    blocks: [[], [], [{ to: CONTRACT }]],
    statuses: [1],
    slots: [[CONTRACT, 1n, number < 3 ? 0n : 1n]]
  })),
  {
    name: 'keeps the parent hash (EIP-2935) and the beacon root (EIP-4788) where contracts read them',
    alloc: {
      [CONTRACT]: {
        code: codeHex(
          ...([1, 0, 'MSTORE', 32, 0, 32, 0, HISTORY, 'GAS', 'STATICCALL', 0, 'SSTORE'] as const),
          ...([0, 'MLOAD', 1, 'BLOCKHASH', 'EQ', 1, 'SSTORE'] as const),
          ...(['TIMESTAMP', 0, 'MSTORE', 32, 0, 32, 0, BEACON_ROOTS, 'GAS', 'STATICCALL'] as const),
          ...([2, 'SSTORE', 0, 'MLOAD', 3, 'SSTORE'] as const)
        )
      }
    },
    attributes: { parentBeaconBlockRoot: new Uint8Array(32).fill(0xbb) },
    blocks: [[], [{ to: CONTRACT }]],
    statuses: [1],
    slots: [
      [CONTRACT, 0n, 1n],
      [CONTRACT, 1n, 1n],
      [CONTRACT, 2n, 1n],
      [CONTRACT, 3n, BigInt(bytesToHex(new Uint8Array(32).fill(0xbb)))]
    ]
  },
  {
    name: 'clears what the system contracts are told when it is zero',
    attributes: { parentBeaconBlockRoot: new Uint8Array(32) },
    blocks: [[], []],
    statuses: []
  }
]

describe('execution equals the oracle: transfers', () => {
  for (const execution of TRANSFERS) it(execution.name, () => assertCase(execution))
})

describe('execution equals the oracle: creations', () => {
  for (const execution of CREATIONS) it(execution.name, () => assertCase(execution))
})

describe('execution equals the oracle: environment', () => {
  for (const execution of ENVIRONMENT) it(execution.name, () => assertCase(execution))
})
