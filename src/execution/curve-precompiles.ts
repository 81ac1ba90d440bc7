// The precompiles on BN254 (EIP-196, EIP-197) and BLS12-381 (EIP-2537), in slices: all pairs of a block's gas take seconds.
import { type Common } from '@ethereumjs/common'
import {
  type CustomPrecompile,
  EVMError,
  type ExecResult,
  getActivePrecompiles
} from '@ethereumjs/evm'
import { type Yielder } from '../base/yielder.ts'
import {
  addition,
  bls12381Form,
  bn254Form,
  type PointForm,
  type CurveWork,
  mapping,
  pairing,
  sumOfMultiples
} from './curve-work.ts'
import { type PairingCurves, PointError } from './pairing-curve.ts'

type Precompile = Extract<CustomPrecompile, { readonly function: unknown }>['function']
type PrecompileInput = Parameters<Precompile>[0]

/** One of them: its address, and its work on input whose form and price the library has checked. */
interface CurvePrecompile {
  readonly id: string
  readonly sliceBytes: number
  /** One slice: zeros stand for what is missing, and what is more does not count. */
  readonly isFilledUp?: true
  readonly form: (curves: PairingCurves) => PointForm
  readonly begin: (form: PointForm) => CurveWork
}

const BN254 = { form: bn254Form }
const BLS12381 = { form: bls12381Form }

/** Slices are of 1 to 4 ms. */
const PRECOMPILES: readonly CurvePrecompile[] = [
  { id: '06', ...BN254, sliceBytes: 128, isFilledUp: true, begin: (form) => addition(form, 'G1') },
  {
    ...{ id: '07', ...BN254, sliceBytes: 96, isFilledUp: true },
    begin: (form) => sumOfMultiples(form, 'G1')
  },
  { id: '08', ...BN254, sliceBytes: 192, begin: pairing },
  { id: '0b', ...BLS12381, sliceBytes: 256, begin: (form) => addition(form, 'G1') },
  { id: '0c', ...BLS12381, sliceBytes: 8 * 160, begin: (form) => sumOfMultiples(form, 'G1') },
  { id: '0d', ...BLS12381, sliceBytes: 512, begin: (form) => addition(form, 'G2') },
  { id: '0e', ...BLS12381, sliceBytes: 4 * 288, begin: (form) => sumOfMultiples(form, 'G2') },
  { id: '0f', ...BLS12381, sliceBytes: 384, begin: pairing },
  { id: '10', ...BLS12381, sliceBytes: 64, begin: (form) => mapping(form, 'G1') },
  { id: '11', ...BLS12381, sliceBytes: 128, begin: (form) => mapping(form, 'G2') }
]

const NOTHING = () => new Uint8Array(0)
/** Stands for the work while the library checks form and price; the lengths it looks at are those of answers. */
const NO_WORK = {
  _bls: {
    value: {
      ...{ addG1: NOTHING, addG2: NOTHING, msmG1: NOTHING, msmG2: NOTHING },
      ...{ mapFPtoG1: NOTHING, mapFP2toG2: NOTHING, pairingCheck: NOTHING }
    }
  },
  _bn254: {
    value: {
      add: () => new Uint8Array(64),
      mul: () => new Uint8Array(64),
      pairing: () => new Uint8Array(32)
    }
  }
}

/**
 * They take the place of the library's, and give the same for the same gas. The library computes with big integers,
 * each call in one piece: 0.1 million gas of additions on BLS12-381 took a second.
 */
export function curvePrecompiles(
  curves: PairingCurves,
  { common, yielder }: { readonly common: Common; readonly yielder: Yielder }
): readonly CustomPrecompile[] {
  const active = getActivePrecompiles(common)
  return PRECOMPILES.map((one) => {
    const address = one.id.padStart(40, '0')
    const whole = active.get(address)
    if (whole === undefined) throw new Error(`there is no precompile ${one.id}`)
    const site = { whole, form: one.form(curves), yielder }
    return { address: `0x${address}`, function: (input) => runInSlices(one, input, site) }
  })
}

interface Site {
  /** The library's own. */
  readonly whole: Precompile
  readonly form: PointForm
  readonly yielder: Yielder
}

async function runInSlices(
  { sliceBytes, isFilledUp, begin }: CurvePrecompile,
  input: PrecompileInput,
  { whole, form, yielder }: Site
): Promise<ExecResult> {
  const { gasLimit } = input
  // Object.create has no type of its own: it is the EVM, but for what computes.
  const idle = Object.create(input._EVM, NO_WORK) as PrecompileInput['_EVM']
  const priced = await whole({ ...input, _EVM: idle })
  if (priced.exceptionError !== undefined) return priced
  const data = isFilledUp === true ? filledUp(input.data, sliceBytes) : input.data
  const work = begin(form)
  for (let at = 0; at < data.length; at += sliceBytes) {
    const exceptionError = failureOf(form, () => {
      work.add(data.subarray(at, at + sliceBytes))
    })
    if (exceptionError !== undefined) {
      return { exceptionError, executionGasUsed: gasLimit, returnValue: new Uint8Array(0) }
    }
    // What the yielder throws is no failure of the call.
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  return { ...priced, returnValue: work.finish() }
}

function failureOf({ failures }: PointForm, addSlice: () => void): EVMError | undefined {
  try {
    addSlice()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof PointError)) throw thrown
    return new EVMError(failures[thrown.problem])
  }
}

function filledUp(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  const filled = new Uint8Array(lengthBytes)
  filled.set(bytes.subarray(0, lengthBytes))
  return filled
}
