// Accounts that delegate their code (EIP-7702): our engine against @ethereumjs/vm.
import assert from 'node:assert/strict'
import { bigintToBytes, bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { assertCase, type ExecutionCase, runOnBoth } from '../support/execution-cases.ts'
import { FEE_RECIPIENT, testAddress } from '../support/execution-chain.ts'
import { call, code, codeHex, initCode } from '../support/execution-code.ts'
import { authorization } from '../support/execution-transactions.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'
const CALLED: Hex = '0x00000000000000000000000000000000000c0002'
const NOWHERE: Hex = `0x${'00'.repeat(20)}`
/** Not in the genesis: its first authorization creates it. */
const UNFUNDED = 20
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Counts its calls in slot 0 of whoever runs it. */
const COUNTER = { [CONTRACT]: { code: codeHex(0, 'SLOAD', 1, 'ADD', 0, 'SSTORE') } }
const TO = testAddress(7)

const DELEGATION: readonly ExecutionCase[] = [
  {
    name: 'sets a delegation, runs by it, and clears it',
    alloc: COUNTER,
    blocks: [
      [{ type: 4, to: TO, authorizationList: [authorization({ from: 1, target: CONTRACT })] }],
      [{ to: testAddress(1) }, { from: 2, to: testAddress(1) }],
      [
        {
          type: 4,
          to: TO,
          authorizationList: [authorization({ from: 1, target: NOWHERE, nonce: 1n })]
        },
        { to: testAddress(1) }
      ]
    ],
    statuses: [1, 1, 1, 1, 1],
    slots: [[testAddress(1), 0n, 2n]],
    // 21 000 and 25 000 for the tuple, of which a fifth comes back. To count costs 22 110, then 5 010.
    gasUsed: [36_800n, 69_120n, 57_800n]
  },
  {
    name: 'creates the authority when it did not exist, without a refund',
    alloc: COUNTER,
    blocks: [
      [
        {
          type: 4,
          to: TO,
          authorizationList: [authorization({ from: UNFUNDED, target: CONTRACT })]
        }
      ],
      [{ to: testAddress(UNFUNDED) }]
    ],
    statuses: [1, 1],
    gasUsed: [46_000n, 43_110n],
    slots: [[testAddress(UNFUNDED), 0n, 1n]]
  },
  {
    name: 'counts the nonce of a sender that authorizes itself after the transaction itself',
    alloc: COUNTER,
    blocks: [
      [
        {
          type: 4,
          to: testAddress(0),
          authorizationList: [
            authorization({ target: CALLED, nonce: 0n }),
            authorization({ target: CONTRACT, nonce: 1n })
          ]
        },
        { nonce: 2n, to: testAddress(0) }
      ]
    ],
    statuses: [1, 1],
    slots: [[testAddress(0), 0n, 2n]]
  },
  {
    name: 'keeps the delegation of a transaction that reverts',
    alloc: { ...COUNTER, [CALLED]: { code: codeHex(0, 0, 'REVERT') } },
    blocks: [
      [{ type: 4, to: CALLED, authorizationList: [authorization({ from: 1, target: CONTRACT })] }],
      [{ to: testAddress(1) }]
    ],
    statuses: [0, 1],
    slots: [[testAddress(1), 0n, 1n]]
  },
  {
    name: 'takes the last of two authorizations, and the first only once',
    alloc: COUNTER,
    blocks: [
      [
        {
          type: 4,
          to: testAddress(1),
          authorizationList: [
            authorization({ from: 1, target: CALLED }),
            authorization({ from: 1, target: CALLED }),
            authorization({ from: 1, target: CONTRACT, nonce: 1n })
          ]
        }
      ]
    ],
    statuses: [1],
    slots: [[testAddress(1), 0n, 1n]]
  },
  {
    name: 'follows one delegation and no further',
    alloc: COUNTER,
    blocks: [
      [
        {
          type: 4,
          to: testAddress(1),
          authorizationList: [
            authorization({ from: 1, target: testAddress(2) }),
            authorization({ from: 2, target: testAddress(1) }),
            authorization({ from: 3, target: CONTRACT })
          ]
        },
        { to: testAddress(2) },
        { to: testAddress(3) }
      ]
    ],
    // The code of the second is 0xef…, which is no opcode.
    statuses: [0, 0, 1],
    slots: [[testAddress(3), 0n, 1n]]
  },
  {
    name: 'runs nothing where the delegation names a precompile',
    blocks: [
      [
        {
          type: 4,
          to: testAddress(1),
          data: new Uint8Array(40).fill(1),
          authorizationList: [authorization({ from: 1, target: `0x${'00'.repeat(19)}02` })]
        }
      ]
    ],
    statuses: [1]
  },
  {
    name: 'lets a delegated account send, and create',
    alloc: COUNTER,
    blocks: [
      [{ type: 4, to: TO, authorizationList: [authorization({ from: 1, target: CONTRACT })] }],
      [
        { from: 1, nonce: 1n, to: CONTRACT },
        { from: 1, data: initCode(code('STOP')) }
      ]
    ],
    statuses: [1, 1, 1],
    slots: [[CONTRACT, 0n, 1n]]
  },
  {
    name: 'shows 23 bytes of code to others, and charges for the delegate',
    alloc: {
      ...COUNTER,
      [CALLED]: {
        code: codeHex(
          ...([testAddress(1), 'EXTCODESIZE', 0, 'SSTORE'] as const),
          ...([testAddress(1), 'EXTCODEHASH', 1, 'SSTORE'] as const),
          ...([call(testAddress(1)), 2, 'SSTORE', call(testAddress(1)), 3, 'SSTORE'] as const)
        )
      }
    },
    blocks: [
      [{ type: 4, to: TO, authorizationList: [authorization({ from: 1, target: CONTRACT })] }],
      [{ to: CALLED }]
    ],
    statuses: [1, 1],
    slots: [
      [CALLED, 0n, 23n],
      [CALLED, 2n, 1n],
      [testAddress(1), 0n, 2n]
    ]
  },
  {
    name: 'lets the fee recipient and the receiver of value delegate',
    alloc: COUNTER,
    attributes: { feeRecipient: testAddress(1) },
    blocks: [
      [
        {
          type: 4,
          to: testAddress(1),
          value: 5n,
          authorizationList: [authorization({ from: 1, target: CONTRACT })]
        }
      ]
    ],
    statuses: [1],
    slots: [[testAddress(1), 0n, 1n]],
    absent: [FEE_RECIPIENT]
  }
]

const VALID = authorization({ from: 1, target: CONTRACT })

/** Tuples that count for nothing; each beside one that does. Cut and joined, they have lost the type of a tuple. */
const SKIPPED = [
  ['another chain', authorization({ from: 1, target: CONTRACT, chainId: 902n })],
  ['a nonce above', authorization({ from: 1, target: CONTRACT, nonce: 1n })],
  ['the last nonce', authorization({ from: 1, target: CONTRACT, nonce: 2n ** 64n - 1n })],
  ['the upper s', [...VALID.slice(0, 5), bigintToBytes(CURVE_ORDER - toBigint(VALID[5]))]],
  ['y parity 2', [...VALID.slice(0, 3), Uint8Array.of(2), ...VALID.slice(4)]],
  ['no r', [...VALID.slice(0, 4), new Uint8Array(0), VALID[5]]],
  ['r at the order', [...VALID.slice(0, 4), bigintToBytes(CURVE_ORDER), VALID[5]]]
] as unknown as readonly (readonly [string, ReturnType<typeof authorization>])[]

function toBigint(bytes: Uint8Array): bigint {
  return BigInt(bytesToHex(bytes))
}

describe('execution equals the oracle: delegation', () => {
  for (const execution of DELEGATION) it(execution.name, () => assertCase(execution))

  for (const [name, tuple] of SKIPPED) {
    it(`skips an authorization with ${name}`, async () => {
      const other = authorization({ from: 2, target: CONTRACT, chainId: 0n })
      const { chain } = await runOnBoth(COUNTER, [
        [{ type: 4, to: TO, authorizationList: [tuple, other] }],
        [{ to: testAddress(1) }, { to: testAddress(2) }]
      ])
      assert.equal(chain.account(testAddress(1))?.nonce, 0n)
      assert.equal(chain.slot(testAddress(1), 0n), 0n)
      assert.equal(chain.slot(testAddress(2), 0n), 1n)
    })
  }

  it('skips an authority that is a contract', async () => {
    const alloc = {
      ...COUNTER,
      [testAddress(1)]: { code: codeHex('STOP'), balance: '0x1' }
    } as const
    const { chain } = await runOnBoth(alloc, [
      [{ type: 4, to: testAddress(1), authorizationList: [VALID] }]
    ])
    assert.equal(chain.account(testAddress(1))?.nonce, 0n)
    assert.equal(chain.slot(testAddress(1), 0n), 0n)
  })
})
