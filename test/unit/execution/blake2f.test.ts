// The precompile at 0x09: what EIP-152 gives, what the library gives, and its turns in between.
import assert from 'node:assert/strict'
import { type CustomPrecompile, createEVM, type ExecResult } from '@ethereumjs/evm'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { type Yielder } from '../../../src/base/yielder.ts'
import { blake2fPrecompiles } from '../../../src/execution/blake2f.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
/** EIP-152, test vectors 4 to 7 without their rounds: the state of BLAKE2b, "abc", 3 bytes counted, the last block. */
const ABC =
  '48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5' +
  'd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b' +
  `616263${'00'.repeat(125)}03${'00'.repeat(15)}`
const ROWS = [
  [
    '4',
    '00000000',
    '01',
    '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b'
  ],
  [
    '5',
    '0000000c',
    '01',
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923'
  ],
  [
    '6',
    '0000000c',
    '00',
    '75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d2875298743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735'
  ],
  [
    '7',
    '00000001',
    '01',
    'b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fba551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421'
  ]
] as const

type Run = (input: { readonly data: Uint8Array; readonly gasLimit: bigint }) => Promise<ExecResult>

describe(`the blake2f precompile (seed ${String(SEED)})`, () => {
  let library: Run
  let turns = 0
  const yielder: Yielder = {
    maybeYield() {
      turns += 1
      return undefined
    }
  }
  let ours: Run
  before(async () => {
    const evm = await createEVM({ common: createEvmCommon(1n) })
    const around = { common: evm.common, _EVM: evm }
    const whole = evm.precompiles.get('0000000000000000000000000000000000000009')
    const [sliced]: readonly CustomPrecompile[] = blake2fPrecompiles(yielder)
    assert.ok(whole && sliced !== undefined && 'function' in sliced)
    library = async (input) => whole({ ...input, ...around })
    ours = async (input) => sliced.function({ ...input, ...around })
  })

  for (const [vector, rounds, final, expected] of ROWS) {
    it(`gives what test vector ${vector} of EIP-152 gives`, async () => {
      const data = hexToBytes(`0x${rounds}${ABC}${final}`)
      const { returnValue, executionGasUsed } = await ours({ data, gasLimit: 100n })
      assert.equal(Buffer.from(returnValue).toString('hex'), expected)
      assert.equal(executionGasUsed, BigInt(`0x${rounds}`))
    })
  }

  it('agrees with the library on good and bad input, whatever the rounds', async () => {
    const random = createSeededRandom(SEED)
    for (let round = 0; round < 300; round++) {
      const length = random.below(8) === 0 ? random.below(300) : 213
      const data = Uint8Array.from({ length }, () => random.below(256))
      data.set([0, 0, 0, random.below(50)].slice(0, length))
      if (length === 213) data[212] = random.below(3)
      const gasLimit = BigInt(random.below(60))
      const expected = told(await library({ data, gasLimit }))
      assert.equal(
        told(await ours({ data, gasLimit })),
        expected,
        Buffer.from(data).toString('hex')
      )
    }
  })

  it('yields between slices, and gives the same in one or many', async () => {
    const data = hexToBytes(`0x0001e848${ABC}01`) // 125,000 rounds
    turns = 0
    const sliced = await ours({ data, gasLimit: 125_000n })
    assert.equal(turns, 4)
    assert.equal(told(sliced), told(await library({ data, gasLimit: 125_000n })))
  })

  it('ends where the yielder throws', async () => {
    const [sliced] = blake2fPrecompiles({
      maybeYield: () => {
        throw new Error('over')
      }
    })
    assert.ok(sliced !== undefined && 'function' in sliced)
    const evm = await createEVM({ common: createEvmCommon(1n) })
    const data = hexToBytes(`0x00000001${ABC}01`)
    const running = Promise.resolve(
      sliced.function({ data, gasLimit: 1n, common: evm.common, _EVM: evm })
    )
    await assert.rejects(running, /over/)
  })
})

function told({ executionGasUsed, returnValue, exceptionError }: ExecResult): string {
  const bytes = Buffer.from(returnValue).toString('hex')
  return `${String(executionGasUsed)} ${bytes} ${exceptionError?.error ?? ''}`
}
