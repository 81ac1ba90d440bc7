// Inputs for decoders: sound bytes damaged in one place or several, lengths that claim too much, shapes that cost most.
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'

/** Integers that lengths, offsets and counts are changed to. */
const CLAIMS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0],
  [4, 0, 0, 0],
  [0, 0, 0, 4],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xbb, 0xff, 0xff, 0xff, 0xff],
  [0xfb, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
]

/** What is done to the bytes; positions are taken modulo their length. */
type Mutation = (bytes: Uint8Array) => Uint8Array

const place = fc.nat(2 ** 31 - 1)

function overwrite(at: number, part: ArrayLike<number>): Mutation {
  return (bytes) => {
    const changed = bytes.slice()
    for (let index = 0; index < part.length && changed.length > 0; index++) {
      changed[(at + index) % changed.length] = part[index]!
    }
    return changed
  }
}

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([at, byte]) => overwrite(at, [byte])),
  fc.tuple(place, fc.constantFrom(...CLAIMS)).map(([at, claim]) => overwrite(at, claim)),
  fc.tuple(place, fc.uint8Array({ maxLength: 12 })).map(([at, part]) => overwrite(at, part)),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.slice(0, at % (bytes.length + 1))
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.slice(at % (bytes.length + 1))
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(([at, part]): Mutation => (bytes) => {
    const cut = at % (bytes.length + 1)
    return Uint8Array.of(...bytes.subarray(0, cut), ...part, ...bytes.subarray(cut))
  }),
  fc.tuple(place, place, place).map(([from, length, to]): Mutation => (bytes) => {
    const start = from % (bytes.length + 1)
    return overwrite(to, bytes.subarray(start, start + (length % 64)))(bytes)
  })
)

/** Damaged seeds most of the time, and bytes of no meaning. */
export function damaged(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([seed, mutations]) => mutations.reduce((bytes, mutate) => mutate(bytes), seed))
  return fc.oneof({ weight: 9, arbitrary: mutated }, fc.uint8Array({ maxLength: 300 }))
}

/** Each claim at places spread over a seed. */
export function claimsIn(seed: Uint8Array, placesMax: number): readonly Uint8Array[] {
  const step = Math.max(1, Math.ceil(seed.length / placesMax))
  const inputs: Uint8Array[] = []
  for (let at = 0; at < seed.length; at += step) {
    for (const claim of CLAIMS) inputs.push(overwrite(at, claim)(seed))
  }
  return inputs
}

/** Inputs of any size, by what makes them costly. The seed comes first where it says what kind of input it is. */
export const COSTLY: readonly {
  readonly name: string
  readonly build: (seed: Uint8Array, sizeBytes: number) => Uint8Array
}[] = [
  { name: 'zeros', build: (_, size) => new Uint8Array(size) },
  { name: 'ones', build: (_, size) => new Uint8Array(size).fill(0xff) },
  { name: 'a seed over and over', build: repeated },
  { name: 'a seed, its last byte over and over', build: stretched },
  { name: 'a list of small RLP items', build: (_, size) => listOf(new Uint8Array(size).fill(1)) },
  { name: 'RLP lists in RLP lists', build: nestedRlp },
  {
    name: 'RLP lists in the lists of a transaction',
    build: (_, size) => typed(nestedRlp(_, size))
  },
  { name: 'an RLP integer', build: longInteger },
  {
    name: 'JSON lists in JSON lists',
    build: (_, size) => text('['.repeat(size / 2) + ']'.repeat(size / 2))
  },
  {
    name: 'a list of JSON texts',
    build: (_, size) => text(JSON.stringify(new Array(size / 4).fill('x')))
  },
  {
    name: 'JSON texts where a filter has addresses',
    build: (_, size) => text(JSON.stringify({ address: new Array(size / 4).fill('x') }))
  },
  {
    name: 'JSON texts where a filter has topics',
    build: (_, size) => text(JSON.stringify({ topics: new Array(size / 4).fill('x') }))
  },
  {
    name: 'JSON members',
    build: (_, size) =>
      text(`{${[...new Array(size / 8).keys()].map((at) => `"${at}":1`).join(',')}}`)
  },
  { name: 'digits', build: (_, size) => text('1'.repeat(size)) },
  { name: 'hex digits', build: (_, size) => text(`0x${'1'.repeat(size)}`) },
  { name: 'hex digits in JSON', build: (_, size) => text(JSON.stringify(`0x${'1'.repeat(size)}`)) },
  { name: 'parts of a path', build: (_, size) => text('/ip4/127.0.0.1'.repeat(size / 14)) },
  { name: 'slashes', build: (_, size) => text('/'.repeat(size)) },
  { name: 'increasing offsets', build: offsets }
]

function text(content: string): Uint8Array {
  return new Uint8Array(Buffer.from(content))
}

function repeated(seed: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += seed.length)
    bytes.set(seed.subarray(0, sizeBytes - at), at)
  return bytes
}

function stretched(seed: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(sizeBytes, seed.length)).fill(seed.at(-1) ?? 0)
  bytes.set(seed)
  return bytes
}

/** Written from the end, where the innermost list stands. */
function nestedRlp(_: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let at = sizeBytes
  while (at >= 5) {
    const length = sizeBytes - at
    if (length <= 55) bytes[--at] = 0xc0 + length
    else {
      bytes[--at] = length & 0xff
      bytes[--at] = (length >> 8) & 0xff
      bytes[--at] = (length >> 16) & 0xff
      at += length < 2 ** 8 ? 2 : length < 2 ** 16 ? 1 : 0
      bytes[--at] = 0xf7 + (length < 2 ** 8 ? 1 : length < 2 ** 16 ? 2 : 3)
    }
  }
  return bytes.slice(at)
}

/** The content of a list of 64 KiB to 16 MiB, or less, behind a length of three bytes or two. */
function listOf(content: Uint8Array): Uint8Array {
  const { length } = content
  const lengthBytes = [length >> 16, (length >> 8) & 0xff, length & 0xff].slice(
    length < 2 ** 16 ? 1 : 0
  )
  const header = Uint8Array.of(0xf7 + lengthBytes.length, ...lengthBytes)
  return new Uint8Array(Buffer.concat([header, content]))
}

function typed(list: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(2), list]))
}

/** The chain id of a transaction of type 2, as long as there is room. */
function longInteger(_: Uint8Array, sizeBytes: number): Uint8Array {
  return typed(RLP.encode([new Uint8Array(sizeBytes).fill(0x77)]))
}

function offsets(_: Uint8Array, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at + 4 <= sizeBytes; at += 4) view.setUint32(at, sizeBytes, true)
  view.setUint32(0, sizeBytes, true)
  return bytes
}
