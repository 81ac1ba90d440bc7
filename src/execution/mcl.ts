// mcl in WebAssembly, as far as it is used here: each instance computes on one curve, in a memory of its own.

/** Words of a field element, of a scalar, a point or a product as mcl keeps them, whatever the curve. */
export const MCL_WORDS = { field: 12, scalar: 8, G1: 36, G2: 72, product: 144 } as const

/** A function of mcl; it takes positions in its memory. */
export type MclFunction = (...positions: readonly number[]) => number

type PointFunction =
  | 'isValid'
  | 'isValidOrder'
  | 'isZero'
  | 'neg'
  | 'normalize'
  | 'add'
  | 'mulVec'
  | 'deserialize'
  | 'serialize'
type MclFunctions = Readonly<
  Record<
    | `_mclBn${'G1' | 'G2'}_${PointFunction}`
    | `_mclBnFp_${'deserialize' | 'serialize' | 'setInt32' | 'mapToG1'}`
    | `_mclBnGT_${'mul' | 'isOne'}`
    | `_mclBn_${'init' | 'millerLoop' | 'finalExp' | 'setETHserialization' | 'setMapToMode' | 'verifyOrderG1' | 'verifyOrderG2'}`
    | '_mclBnFp2_mapToG2'
    | '_mclBnFr_setBigEndianMod',
    MclFunction
  >
>

/** Copy values in, call, copy the value out. Values are words outside of mcl's memory: nothing there outlives a call. */
interface MclCalls {
  callSetter(run: MclFunction, value: Uint32Array, number: number): void
  callGetter(run: MclFunction, value: Uint32Array): number
  callOp1(run: MclFunction, result: Uint32Array, value: Uint32Array): number
  callOp2(run: MclFunction, result: Uint32Array, one: Uint32Array, other: Uint32Array): number
  /** Throws for bytes that are no value. */
  callDeserialize(run: MclFunction, value: Uint32Array, bytes: Uint8Array): void
  callSerialize(run: MclFunction, value: Uint32Array): Uint8Array
  callSetInput(run: MclFunction, value: Uint32Array, bytes: Uint8Array): void
  stackSave(): number
  stackRestore(position: number): void
  salloc(value: Uint32Array): number
  sallocArray(values: readonly Uint32Array[]): number
  copyFromHeap32(value: Uint32Array, position: number): void
}

/** One instance. */
export type Mcl = MclFunctions & MclCalls

/** mcl's numbers of curves (mcl/curve_type.h). */
export const MCL_CURVES = { bn254: 4, bls12381: 5 } as const
/** Units of 64 bits that mcl is compiled for, which it compares: 4 of a scalar, 6 of a field element. */
const COMPILED_FOR = 46
/** Maps as in RFC 9380. */
const MAP_RFC_9380 = 5

/**
 * Starts an instance for one curve: some 70 ms of processor time. Imported with the first, since a command that
 * executes nothing shall not pay for 600 kB of code.
 */
export async function startMcl(curve: number): Promise<Mcl> {
  // The package's main file has one instance for all, and with it one curve.
  const { default: createModule } = await import('mcl-wasm/dist/mcl_c.js')
  const mcl = (await createModule({ cryptoGetRandomValues: noRandomness })) as Mcl
  if (mcl._mclBn_init(curve, COMPILED_FOR) !== 0) {
    throw new Error(
      'mcl-wasm is compiled for other numbers: its version is not the one of package.json'
    )
  }
  mcl._mclBn_setMapToMode(MAP_RFC_9380)
  // Validity is then the equation of the curve alone, and membership a question of its own.
  mcl._mclBn_verifyOrderG1(0)
  mcl._mclBn_verifyOrderG2(0)
  mcl._mclBn_setETHserialization(1)
  return mcl
}

function noRandomness(): never {
  throw new Error('nothing that is computed here is random')
}
