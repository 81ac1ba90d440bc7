// Random bytes as contracts: jumps to anywhere, copies from anywhere, every opcode; our engine against @ethereumjs/vm.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesToHex, concatBytes, type Hex } from '../../src/base/bytes.ts'
import { runOnBoth } from '../support/execution-cases.ts'
import { code } from '../support/execution-code.ts'

const CONTRACTS_COUNT = 6
const ADDRESSES = Array.from({ length: CONTRACTS_COUNT }, (_, index): Hex => {
  return `0x${(0xd0000 + index).toString(16).padStart(40, '0')}`
})
const JUMPDEST = 0x5b
const JUMPDESTS = Uint8Array.of(JUMPDEST)

/** Sizes and places at which copies, memory and jumps change what they do. */
const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 70 }) },
  { weight: 2, arbitrary: fc.constantFrom(2n ** 16n, 2n ** 32n, 2n ** 53n, 2n ** 64n, 2n ** 255n) },
  { weight: 1, arbitrary: fc.constant(2n ** 256n - 1n) }
)
const address = fc.constantFrom<Hex>(...ADDRESSES, `0x${'0'.repeat(39)}4`)

/** A push of any length whose bytes are jump destinations, were they not pushed. */
const pushedJumpdests = fc
  .integer({ min: 1, max: 32 })
  .map((length) => concatBytes(Uint8Array.of(0x5f + length), new Uint8Array(length).fill(JUMPDEST)))

const snippet: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: number.map((value) => code(value)) },
  { weight: 2, arbitrary: address.map((value) => code(value)) },
  { weight: 2, arbitrary: pushedJumpdests },
  { weight: 3, arbitrary: fc.constant(JUMPDESTS) },
  { weight: 2, arbitrary: fc.nat({ max: 120 }).map((at) => code(at, 'JUMP')) },
  {
    weight: 4,
    arbitrary: fc.nat({ max: 120 }).map((at) => code('GAS', 1, 'DUP2', 'POP', at, 'JUMPI'))
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        number,
        number,
        number,
        fc.constantFrom<'CALLDATACOPY' | 'CODECOPY' | 'MCOPY' | 'RETURNDATACOPY'>(
          'CALLDATACOPY',
          'CODECOPY',
          'MCOPY',
          'RETURNDATACOPY'
        )
      )
      .map(([length, from, to, opcode]) => code(length, from, to, opcode))
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(number, number, number, address)
      .map(([length, from, to, of]) => code(length, from, to, of, 'EXTCODECOPY'))
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(address, fc.nat({ max: 70 }), fc.constantFrom<'CALL' | 'CALLCODE'>('CALL', 'CALLCODE'))
      .map(([to, length, opcode]) => {
        const call = opcode === 'CALL' ? 0xf1 : 0xf2
        const pushed = code(length, 3, length, 1, 0, to, 9_000)
        return concatBytes(pushed, Uint8Array.of(call), code(2, 'SSTORE'))
      })
  },
  { weight: 3, arbitrary: fc.nat({ max: 3 }).map((slot) => code('GAS', slot, 'SSTORE')) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => Uint8Array.of(byte)) }
)

const STACK = code(3, 5, 7, 33, 64, 1)
/** What memory holds and how large it is. */
const REST = concatBytes(
  code(160, 0, 'KECCAK256', 0, 'SSTORE'),
  Uint8Array.of(0x59),
  code(1, 'SSTORE')
)
const contract = fc
  .array(snippet, { minLength: 1, maxLength: 10 })
  .map((parts) => concatBytes(STACK, ...parts, REST))

describe('execution equals the oracle: random bytes', () => {
  it('gives the same roots, receipts and gas', async () => {
    const seen = { succeeded: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...ADDRESSES.map(() => contract)),
        fc.uint8Array({ maxLength: 70 }),
        async (contracts, data) => {
          const alloc = Object.fromEntries(
            contracts.map((runtime, at) => [ADDRESSES[at]!, { code: bytesToHex(runtime) }])
          )
          const calls = ADDRESSES.map((to) => ({ to, data, gasLimit: 150_000n }))
          const creations = contracts
            .slice(0, 2)
            .map((init) => ({ data: init, gasLimit: 200_000n }))
          const { outcomes } = await runOnBoth(alloc, [[...calls, ...creations]])
          for (const { status } of outcomes.flatMap(({ receipts }) => receipts)) {
            if (status === 1) seen.succeeded++
            else seen.failed++
          }
        }
      ),
      { numRuns: 20 }
    )
    const isMixed = seen.succeeded > 15 && seen.failed > 15
    assert.ok(isMixed, `too much of one kind: ${JSON.stringify(seen)}`)
  })
})
