// Random contracts and transactions that meddle with each other, for both engines to execute.
import fc from 'fast-check'
import { bytesToHex, concatBytes, type Hex } from '../../src/base/bytes.ts'
import { type AllocEntry, testAddress } from './execution-chain.ts'
import { code, initCode, store, word } from './execution-code.ts'
import { authorization, type TxFields } from './execution-transactions.ts'

const CONTRACTS_COUNT = 5
const SENDERS_COUNT = 4
/** Keys that sign authorizations and no transactions, so that senders' nonces stay known. */
const AUTHORITIES = [10, 11, 12] as const

const CONTRACTS = Array.from({ length: CONTRACTS_COUNT }, (_, index): Hex => {
  return `0x${(0xc0000 + index).toString(16).padStart(40, '0')}`
})

const target = fc.constantFrom<Hex>(
  ...CONTRACTS,
  ...AUTHORITIES.map(testAddress),
  testAddress(0),
  testAddress(7),
  '0x00000000000000000000000000000000000a0001',
  '0x0000000000000000000000000000000000000003',
  '0x0000000000000000000000000000000000000004'
)
const small = fc.nat({ max: 3 })
const callGas = fc.constantFrom<number | 'GAS'>('GAS', 'GAS', 2_500, 30_000)

/** A few instructions that leave the stack as it was, or end it all. */
const snippet: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(small, small).map((pair) => code(...pair, 'SSTORE')) },
  { weight: 2, arbitrary: small.map((slot) => code(slot, 'SLOAD', 'CALLVALUE', 'SSTORE')) },
  { weight: 2, arbitrary: fc.tuple(small, small).map((pair) => code(...pair, 'TSTORE')) },
  { weight: 2, arbitrary: small.map((slot) => code(slot, 'TLOAD', slot, 'SSTORE')) },
  { weight: 2, arbitrary: small.map((slot) => code('GAS', slot, 'SSTORE')) },
  { weight: 2, arbitrary: target.map((address) => code(address, 'BALANCE', 1, 'SSTORE')) },
  { weight: 2, arbitrary: target.map((address) => code(address, 'EXTCODEHASH', 2, 'SSTORE')) },
  { weight: 2, arbitrary: small.map((topic) => code('CALLER', topic, 32, 0, 'LOG2')) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(target, small, callGas)
      .map(([address, value, gas]) => code(0, 0, 0, 0, value, address, gas, 'CALL', 3, 'SSTORE'))
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        target,
        callGas,
        fc.constantFrom<'DELEGATECALL' | 'STATICCALL'>('DELEGATECALL', 'STATICCALL')
      )
      .map(([address, gas, opcode]) => code(0, 0, 0, 0, address, gas, opcode, 3, 'SSTORE'))
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.boolean(), small).map(([isMortal, salt]) => create2(isMortal, salt))
  },
  { weight: 1, arbitrary: target.map((address) => code(address, 'SELFDESTRUCT')) },
  { weight: 1, arbitrary: fc.constant(code('ADDRESS', 'SELFDESTRUCT')) },
  { weight: 1, arbitrary: fc.constant(code(0, 0, 'REVERT')) },
  { weight: 1, arbitrary: fc.constant(code('STOP')) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }) }
)

const body = fc.array(snippet, { minLength: 1, maxLength: 7 }).map((parts) => concatBytes(...parts))

/** Creates a contract with a slot set, and calls it, which destroys one that is mortal. */
function create2(isMortal: boolean, salt: number): Uint8Array {
  const deployed = isMortal ? code('CALLER', 'SELFDESTRUCT') : code(1, 0, 'SSTORE')
  const init = initCode(deployed, code(9, 5, 'SSTORE'))
  return code(
    ...([store(init), salt, init.length, 0, 'CALLVALUE', 'CREATE2'] as const),
    ...([0, 0, 0, 0, 0, 'DUP6', 'GAS', 'CALL', 'POP', 'POP'] as const)
  )
}

/** The contracts, each with some slots and a balance. */
export const randomAlloc: fc.Arbitrary<Record<Hex, AllocEntry>> = fc
  .tuple(...CONTRACTS.map(() => fc.tuple(body, fc.array(small, { maxLength: 3 }))))
  .map((contracts) =>
    Object.fromEntries(
      contracts.map(([runtime, slots], index) => [
        CONTRACTS[index]!,
        {
          balance: `0x${index}` as const,
          code: bytesToHex(runtime),
          storage: Object.fromEntries(slots.map((slot) => [word(slot), word(7)]))
        }
      ])
    )
  )

const gasLimit = fc.constantFrom(130_000n, 400_000n, 3_000_000n)
const sender = fc.nat({ max: SENDERS_COUNT - 1 })
const value = fc.constantFrom(0n, 0n, 1n, 5n)

const accessList = fc.array(
  fc
    .tuple(target, fc.array(small, { maxLength: 2 }))
    .map(([address, slots]) => ({ address, storageKeys: slots.map(word) })),
  { maxLength: 2 }
)

const tuple = fc
  .tuple(fc.constantFrom(...AUTHORITIES), target, small, fc.constantFrom(0n, 901n, 901n, 5n))
  .map(([from, delegate, nonce, chainId]) =>
    authorization({ from, target: delegate, nonce: BigInt(nonce), chainId })
  )

const plain = fc.record({ from: sender, value, gasLimit })

/** Any transaction that may stand in a block. */
export const randomTx: fc.Arbitrary<TxFields> = fc.oneof(
  fc.tuple(plain, target).map(([tx, to]): TxFields => ({ ...tx, to, type: 0 })),
  fc
    .tuple(plain, target, accessList, fc.constantFrom<1 | 2>(1, 2))
    .map(([tx, to, list, type]): TxFields => ({ ...tx, to, accessList: list, type })),
  fc
    .tuple(plain, target, fc.uint8Array({ maxLength: 64 }), fc.constantFrom(0n, 1n, 10n ** 9n))
    .map(([tx, to, data, tip]): TxFields => ({ ...tx, to, data, tip })),
  fc
    .tuple(plain, target, fc.array(tuple, { minLength: 1, maxLength: 3 }))
    .map(([tx, to, list]): TxFields => ({ ...tx, to, authorizationList: list, type: 4 })),
  fc.tuple(plain, body).map(([tx, data]): TxFields => ({ ...tx, data })),
  fc
    .tuple(plain, body, body)
    .map(([tx, before, runtime]): TxFields => ({ ...tx, data: initCode(runtime, before) }))
)
