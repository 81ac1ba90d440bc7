// The rounds of BLAKE2b's compression (RFC 7693, section 3.2) in WebAssembly, which has the 64-bit words that they work on.

/** Which words of the message a round mixes; round r uses row r mod 10. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0]
] as const
/** Columns, then diagonals, of the four by four words of work. */
const MIXES = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14]
] as const
const WORDS = 16
const WORD_BYTES = 8
/** In the module's memory: the words of work, then those of the message. */
const MESSAGE_AT = WORDS * WORD_BYTES

/** Codes of the WebAssembly binary format (its specification, section 5). */
const WASM = {
  header: [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  i32: 0x7f,
  i64: 0x7e,
  functionType: 0x60,
  noBlockType: 0x40,
  block: 0x02,
  loop: 0x03,
  branch: 0x0c,
  branchIf: 0x0d,
  end: 0x0b,
  localGet: 0x20,
  localSet: 0x21,
  i64Load: 0x29,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i32IsZero: 0x45,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Xor: 0x85,
  i64RotateRight: 0x8a
} as const
/** An address is a multiple of 2^3. */
const ALIGNMENT = 3
const ROUNDS_LEFT = 0
const FIRST_WORD = 1

/** Runs `count` rounds on 16 words of work and 16 of the message, all little-endian in 256 bytes. The first is a row-0 round. */
export type RunRounds = (state: Uint8Array, count: number) => void

/** Of WebAssembly's interface, what is used here; Node has it, its types have not. */
interface WebAssemblyPort {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer }
      readonly rounds: (count: number) => void
    }
  }
}

/** Undefined where WebAssembly is switched off, as under `node --jitless`. */
export function createRounds(): RunRounds | undefined {
  const wasm = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyPort | undefined
  if (wasm === undefined) return undefined
  const { memory, rounds } = new wasm.Instance(new wasm.Module(moduleBytes())).exports
  return (state, count) => {
    const inside = new Uint8Array(memory.buffer, 0, state.length)
    inside.set(state)
    rounds(count)
    state.set(inside)
  }
}

/** One memory of a page, and one function of one i32, both exported. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const name = (text: string) => vector([...Buffer.from(text, 'latin1')])
  const body = [...vector([WORDS, WASM.i64], 1), ...roundsCode(), WASM.end]
  return Uint8Array.from([
    ...WASM.header,
    ...section(1, vector([WASM.functionType, ...vector([WASM.i32]), ...vector([])], 1)),
    ...section(3, vector([0], 1)),
    ...section(5, vector([0, 1], 1)),
    ...section(7, vector([...name('memory'), 2, 0, ...name('rounds'), 0, 0], 2)),
    ...section(10, vector(vector(body), 1))
  ])
}

/** Words into locals, ten rounds in a loop until none is left, and back. */
function roundsCode(): number[] {
  const words = Array.from({ length: WORDS }, (_, word) => word)
  const isDone = [WASM.localGet, ROUNDS_LEFT, WASM.i32IsZero, WASM.branchIf, 1]
  const countDown = [
    ...[WASM.localGet, ROUNDS_LEFT, WASM.i32Const, 1, WASM.i32Sub],
    ...[WASM.localSet, ROUNDS_LEFT]
  ]
  const tenRounds = SIGMA.flatMap((row) => [
    ...isDone,
    ...countDown,
    ...MIXES.flatMap((mix, at) => mixCode(mix, row[2 * at] ?? 0, row[2 * at + 1] ?? 0))
  ])
  return [
    ...words.flatMap((word) => [...loadCode(word * WORD_BYTES), WASM.localSet, FIRST_WORD + word]),
    ...[WASM.block, WASM.noBlockType, WASM.loop, WASM.noBlockType],
    ...[...tenRounds, WASM.branch, 0, WASM.end, WASM.end],
    ...words.flatMap((word) => [
      ...[WASM.i32Const, 0, WASM.localGet, FIRST_WORD + word],
      ...[WASM.i64Store, ALIGNMENT, ...unsigned(word * WORD_BYTES)]
    ])
  ]
}

/** The mixing function G (RFC 7693, section 3.1). */
function mixCode([a, b, c, d]: (typeof MIXES)[number], x: number, y: number): number[] {
  const get = (word: number) => [WASM.localGet, FIRST_WORD + word]
  const add = (to: number, from: number, message?: number) => [
    ...[...get(to), ...get(from), WASM.i64Add],
    ...(message === undefined ? [] : [...loadCode(MESSAGE_AT + message * WORD_BYTES), WASM.i64Add]),
    ...[WASM.localSet, FIRST_WORD + to]
  ]
  const turn = (to: number, by: number, bits: number) => [
    ...[...get(to), ...get(by), WASM.i64Xor, WASM.i64Const, ...unsigned(bits, 6)],
    ...[WASM.i64RotateRight, WASM.localSet, FIRST_WORD + to]
  ]
  return [
    ...[...add(a, b, x), ...turn(d, a, 32), ...add(c, d), ...turn(b, c, 24)],
    ...[...add(a, b, y), ...turn(d, a, 16), ...add(c, d), ...turn(b, c, 63)]
  ]
}

function loadCode(at: number): number[] {
  return [WASM.i32Const, 0, WASM.i64Load, ALIGNMENT, ...unsigned(at)]
}

/** Its length, or the given number of items, then the items. */
function vector(bytes: readonly number[], count = bytes.length): number[] {
  return [...unsigned(count), ...bytes]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

/** LEB128. The last byte holds up to `lastBits` bits: 6 where a seventh would be a sign. */
function unsigned(value: number, lastBits = 7): number[] {
  return value < 2 ** lastBits
    ? [value]
    : [(value & 0x7f) | 0x80, ...unsigned(value >> 7, lastBits)]
}
