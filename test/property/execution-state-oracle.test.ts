// Storage, transient storage, destruction, and calls that fail: our engine against @ethereumjs/vm.
import { type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { assertCase, type ExecutionCase } from '../support/execution-cases.ts'
import { testAddress } from '../support/execution-chain.ts'
import {
  call,
  code,
  codeHex,
  type CodePart,
  initCode,
  store,
  word
} from '../support/execution-code.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const CALLED: Hex = '0x00000000000000000000000000000000000c0002'
const NEW_ACCOUNT: Hex = '0x00000000000000000000000000000000000a0001'

function contract(...parts: readonly CodePart[]) {
  return { code: codeHex(...parts) }
}

/** Slot = first word of calldata, value = second. */
const SETTER = contract(32, 'CALLDATALOAD', 0, 'CALLDATALOAD', 'SSTORE')

function set(slot: number, value: number) {
  return { to: CONTRACT, data: hexToBytes(`${word(slot)}${word(value).slice(2)}`) }
}

const STORAGE: readonly ExecutionCase[] = [
  {
    name: 'sets, changes and clears a slot over transactions and blocks',
    alloc: { [CONTRACT]: { ...SETTER, storage: { [word(1)]: word(9), [word(2)]: word(9) } } },
    blocks: [
      [set(1, 0), set(1, 5), set(3, 7)],
      [set(3, 7), set(3, 0), set(2, 0)],
      [set(2, 0), set(2, 9), set(4, 0)]
    ],
    statuses: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    slots: [
      [CONTRACT, 1n, 5n],
      [CONTRACT, 2n, 9n],
      [CONTRACT, 3n, 0n]
    ]
  },
  {
    name: 'refunds no more than a fifth of what was spent',
    alloc: {
      [CONTRACT]: {
        code: codeHex(
          ...Array.from({ length: 20 }, (_, slot) => [0, slot, 'SSTORE'] as const).flat()
        ),
        storage: Object.fromEntries(Array.from({ length: 20 }, (_, slot) => [word(slot), word(1)]))
      }
    },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    // 21 000 and twenty times 5 000 to clear, with pushes (PUSH0 is 2 gas, the slot 3 but for slot 0).
    gasUsed: [121_099n - 24_219n],
    slots: [[CONTRACT, 19n, 0n]]
  },
  ...(
    [
      ['0 to 1 to 0', 0, [1, 0]],
      ['0 to 1 to 2', 0, [1, 2]],
      ['1 to 0 to 1', 1, [0, 1]],
      ['1 to 2 to 1', 1, [2, 1]],
      ['1 to 2 to 0', 1, [2, 0]],
      ['1 to 0 to 2 to 0 to 1', 1, [0, 2, 0, 1]],
      ['1 to 1', 1, [1]]
    ] as const
  ).map(([name, before, values]): ExecutionCase => ({
    name: `prices ${name} within a transaction (EIP-2200, EIP-3529)`,
    alloc: {
      [CONTRACT]: {
        code: codeHex(...values.flatMap((value) => [value, 0, 'SSTORE'] as const)),
        storage: before === 0 ? {} : { [word(0)]: word(before) }
      }
    },
    blocks: [[{ to: CONTRACT }, { to: CONTRACT }]],
    statuses: [1, 1],
    slots: [[CONTRACT, 0n, BigInt(values.at(-1) ?? 0)]]
  })),
  {
    name: 'takes back slots and refunds of a call that reverts',
    alloc: {
      [CONTRACT]: contract(call(CALLED), 'POP', 1, 7, 'SSTORE'),
      [CALLED]: {
        code: codeHex(0, 1, 'SSTORE', 5, 2, 'SSTORE', 0, 0, 'REVERT'),
        storage: { [word(1)]: word(3) }
      }
    },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    slots: [
      [CALLED, 1n, 3n],
      [CALLED, 2n, 0n],
      [CONTRACT, 7n, 1n]
    ]
  },
  {
    name: 'charges cold access once, and none that an access list names (EIP-2929, EIP-2930)',
    alloc: {
      [CONTRACT]: contract(
        1,
        'SLOAD',
        'POP',
        1,
        'SLOAD',
        'POP',
        CALLED,
        'BALANCE',
        'POP',
        CALLED,
        'BALANCE',
        'POP'
      )
    },
    blocks: [
      [{ to: CONTRACT }],
      [{ type: 1, to: CONTRACT, accessList: [{ address: CONTRACT, storageKeys: [word(1)] }] }],
      [{ to: CONTRACT, accessList: [{ address: CALLED, storageKeys: [] }] }]
    ],
    statuses: [1, 1, 1],
    // Pushes and pops: 8 times 3 and 2 ... 20; warm reads 100; cold slot 2 100, cold account 2 600.
    gasUsed: [
      21_020n + 2_200n + 2_700n,
      21_020n + 200n + 2_700n + 2_400n + 1_900n,
      21_020n + 2_200n + 200n + 2_400n
    ]
  },
  {
    name: 'forgets transient storage after the transaction, and what a reverted call put there',
    alloc: {
      [CONTRACT]: contract(
        ...([1, 'TLOAD', 0, 'SSTORE', 7, 1, 'TSTORE', call(CALLED), 'POP'] as const),
        ...([1, 'TLOAD', 1, 'SSTORE', 2, 'TLOAD', 2, 'SSTORE'] as const)
      ),
      [CALLED]: contract(8, 1, 'TSTORE', 8, 2, 'TSTORE', 0, 0, 'REVERT')
    },
    blocks: [[{ to: CONTRACT }, { to: CONTRACT }]],
    statuses: [1, 1],
    slots: [
      [CONTRACT, 0n, 0n],
      [CONTRACT, 1n, 7n],
      [CONTRACT, 2n, 0n]
    ]
  }
]

/** Sets slot 1, and destroys itself when it is called with data, in favour of the caller. */
const MORTAL = code(
  ...([1, 1, 'SSTORE', 'CALLDATASIZE', 10, 'JUMPI', 'STOP'] as const),
  ...(['JUMPDEST', 'CALLER', 'SELFDESTRUCT'] as const)
)
const MORTAL_INIT = initCode(MORTAL)

/** CREATE2 of MORTAL with salt 0 and the value of the call; leaves its address on the stack. */
const CREATE_MORTAL: readonly CodePart[] = [
  store(MORTAL_INIT),
  ...([0, MORTAL_INIT.length, 0, 'CALLVALUE', 'CREATE2'] as const)
]

const DESTRUCTION: readonly ExecutionCase[] = [
  {
    name: 'deletes what was created in the same transaction, again and again (EIP-6780)',
    alloc: {
      [CONTRACT]: contract(
        ...CREATE_MORTAL,
        'DUP1',
        0,
        'SSTORE',
        0,
        0,
        1,
        0,
        0,
        'DUP6',
        'GAS',
        'CALL',
        1,
        'SSTORE'
      )
    },
    blocks: [
      [
        { to: CONTRACT, value: 5n },
        { to: CONTRACT, value: 6n }
      ],
      [{ to: CONTRACT, value: 7n }]
    ],
    statuses: [1, 1, 1],
    slots: [[CONTRACT, 1n, 1n]],
    balances: [[CONTRACT, 18n]]
  },
  {
    name: 'only empties what was there before',
    alloc: { [CALLED]: { code: codeHex(MORTAL), balance: '0x9', storage: { [word(4)]: word(4) } } },
    blocks: [[{ to: CALLED, data: Uint8Array.of(1) }], [{ to: CALLED }]],
    statuses: [1, 1],
    slots: [
      [CALLED, 1n, 1n],
      [CALLED, 4n, 4n]
    ],
    balances: [[CALLED, 0n]]
  },
  {
    name: 'keeps the balance of one that destroys itself in favour of itself, unless it is new',
    alloc: {
      [CALLED]: { code: codeHex('ADDRESS', 'SELFDESTRUCT'), balance: '0x9' },
      [CONTRACT]: {
        code: codeHex(
          store(code('ADDRESS', 'SELFDESTRUCT')),
          2,
          0,
          'CALLVALUE',
          'CREATE',
          0,
          'SSTORE'
        )
      }
    },
    blocks: [[{ to: CALLED }, { to: CONTRACT, value: 3n }]],
    statuses: [1, 1],
    balances: [
      [CALLED, 9n],
      [CONTRACT, 0n]
    ]
  },
  {
    name: 'takes a destruction back with the call that made it',
    alloc: {
      [CALLED]: { code: codeHex(NEW_ACCOUNT, 'SELFDESTRUCT'), balance: '0x9' },
      [CONTRACT]: contract(call(CALLED), 0, 0, 'REVERT')
    },
    blocks: [[{ to: CONTRACT }]],
    statuses: [0],
    absent: [NEW_ACCOUNT],
    balances: [[CALLED, 9n]]
  },
  {
    name: 'leaves no account behind that inherits nothing',
    alloc: { [CALLED]: contract(NEW_ACCOUNT, 'SELFDESTRUCT') },
    blocks: [[{ to: CALLED }]],
    statuses: [1],
    absent: [NEW_ACCOUNT]
  },
  {
    name: 'creates at one address a second time only after it was deleted',
    alloc: { [CONTRACT]: contract(...CREATE_MORTAL, 'CALLVALUE', 'SSTORE') },
    blocks: [
      [
        { to: CONTRACT, value: 1n },
        { to: CONTRACT, value: 2n }
      ],
      [{ to: CONTRACT, value: 3n }]
    ],
    statuses: [1, 1, 1],
    slots: [
      [CONTRACT, 2n, 0n],
      [CONTRACT, 3n, 0n]
    ]
  }
]

/** Calls itself until the gas is gone, then counts in slot 0. */
const RECURSIVE = contract(call(CONTRACT), 'POP', 0, 'SLOAD', 1, 'ADD', 0, 'SSTORE')

const CALLS: readonly ExecutionCase[] = [
  ...[21_100n, 30_000n, 100_000n, 1_000_000n, 20_000_000n].map((gasLimit): ExecutionCase => ({
    name: `runs out of ${gasLimit} gas at its own depth`,
    alloc: { [CONTRACT]: RECURSIVE },
    blocks: [
      [
        { to: CONTRACT, gasLimit },
        { to: CONTRACT, gasLimit: gasLimit + 1_000n }
      ]
    ],
    statuses: gasLimit < 10_000_000n ? [0, 0] : [1, 1]
  })),
  {
    name: 'drops the logs of a call that reverts, and keeps those around it',
    alloc: {
      [CONTRACT]: contract(0, 0, 'LOG0', call(CALLED), 0, 'SSTORE', 7, 8, 32, 0, 'LOG2'),
      [CALLED]: contract(9, 1, 2, 'LOG1', 0, 0, 'REVERT')
    },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    logsCount: 2,
    slots: [[CONTRACT, 0n, 0n]]
  },
  {
    name: 'has no logs of a transaction that reverts',
    alloc: { [CONTRACT]: contract(0, 0, 'LOG0', 0, 0, 'REVERT') },
    blocks: [
      [
        { to: CONTRACT, value: 4n },
        { to: testAddress(1), value: 4n }
      ]
    ],
    statuses: [0, 1],
    logsCount: 0,
    balances: [[CONTRACT, 0n]]
  },
  ...(
    [
      ['INVALID', code('INVALID')],
      ['an opcode that is none', Uint8Array.of(0x0c)],
      ['an empty stack', code('ADD')],
      ['a jump into nowhere', code(3, 'JUMP')],
      ['a copy of return data that is not there', code(1, 0, 0, 'RETURNDATACOPY')],
      ['a stack above 1024', code('JUMPDEST', 1, 0, 'JUMP')],
      ['memory that nobody can pay', code(1, `0x${'ff'.repeat(8)}`, 'MSTORE')]
    ] as const
  ).map(([name, body]): ExecutionCase => ({
    name: `takes all gas for ${name}`,
    alloc: { [CONTRACT]: contract(1, 1, 'SSTORE', body) },
    blocks: [[{ to: CONTRACT, gasLimit: 200_000n }]],
    statuses: [0],
    gasUsed: [200_000n],
    slots: [[CONTRACT, 1n, 0n]]
  })),
  {
    name: 'lets no static call write, log, create, destroy or send',
    alloc: {
      [CONTRACT]: contract(
        ...Array.from({ length: 6 }, (_, index) => {
          const target = `0x${(0xd0000 + index).toString(16).padStart(40, '0')}` as const
          return [0, 0, 0, 0, target, 50_000, 'STATICCALL', 1, 'ADD', index, 'SSTORE'] as const
        }).flat()
      ),
      ...Object.fromEntries(
        [
          code(1, 1, 'SSTORE'),
          code(0, 0, 'LOG0'),
          code(0, 0, 0, 'CREATE'),
          code('CALLER', 'SELFDESTRUCT'),
          code(0, 0, 0, 0, 1, 'CALLER', 9_000, 'CALL'),
          code(1, 1, 'TSTORE')
        ].map((body, index) => [
          `0x${(0xd0000 + index).toString(16).padStart(40, '0')}`,
          { code: codeHex(body), balance: '0x9' }
        ])
      )
    },
    blocks: [[{ to: CONTRACT }]],
    statuses: [1],
    slots: [0n, 1n, 2n, 3n, 4n, 5n].map((slot) => [CONTRACT, slot, 1n] as const)
  },
  {
    name: 'runs foreign code on its own storage',
    alloc: {
      [CONTRACT]: contract(
        ...([0, 0, 0, 0, CALLED, 'GAS', 'DELEGATECALL', 'POP'] as const),
        ...([0, 0, 0, 0, 1, CALLED, 'GAS', 'CALLCODE', 'POP'] as const)
      ),
      [CALLED]: contract('CALLVALUE', 'CALLVALUE', 'SSTORE', 'CALLER', 9, 'SSTORE')
    },
    blocks: [[{ to: CONTRACT, value: 3n }]],
    statuses: [1],
    slots: [
      [CONTRACT, 3n, 3n],
      [CONTRACT, 1n, 1n],
      [CONTRACT, 9n, BigInt(CONTRACT)],
      [CALLED, 9n, 0n]
    ]
  },
  {
    name: 'fails a call that sends more than there is, and goes on',
    alloc: { [CONTRACT]: contract(call(NEW_ACCOUNT, { value: 5 }), 1, 'ADD', 0, 'SSTORE') },
    blocks: [[{ to: CONTRACT, value: 4n }], [{ to: CONTRACT, value: 4n }]],
    statuses: [1, 1],
    slots: [[CONTRACT, 0n, 2n]],
    balances: [
      [NEW_ACCOUNT, 5n],
      [CONTRACT, 3n]
    ]
  }
]

describe('execution equals the oracle: storage', () => {
  for (const execution of STORAGE) it(execution.name, () => assertCase(execution))
})

describe('execution equals the oracle: destruction', () => {
  for (const execution of DESTRUCTION) it(execution.name, () => assertCase(execution))
})

describe('execution equals the oracle: calls', () => {
  for (const execution of CALLS) it(execution.name, () => assertCase(execution))
})
