// Nodes that break one rule of byte_codes.
import { BYTE_CODES, type ByteCodesRequest } from '../../../protocols/byte-codes/codec.ts'
import { keccak256 } from '../../../protocols/conformance/block-maker.ts'
import { type BrokenNode } from './broken-node.ts'
import { type FakeState } from './fake-state.ts'
import { brokenFrames, readingOther, sendingOther } from './served-chunk.ts'

const FIXED_BYTES = 8
const HASH_BYTES = 32
const STRANGE_CODE = Uint8Array.of(0xfe, 0xfe)

type Codes = readonly Uint8Array[]

function rewriting(
  rule: string,
  what: string,
  rewrite: (codes: Codes, asked: ByteCodesRequest, state: FakeState) => Codes
): BrokenNode {
  return sendingOther('byte_codes', rule, what, (content, request, state) => {
    const { codes } = BYTE_CODES.chunk.decode(0, content)
    const asked = BYTE_CODES.request.decode(request)
    return BYTE_CODES.chunk.encode({ codes: rewrite(codes, asked, state) }).bytes
  })
}

/** Each breaks the rule of its line. */
export const BROKEN_CODES: readonly BrokenNode[] = [
  readingOther('byte_codes', 'BC-1', 'does not look at the offset', (request) => {
    const bytes = Uint8Array.from(request)
    if (request.length > FIXED_BYTES) bytes[0] = FIXED_BYTES
    return bytes
  }),
  readingOther('byte_codes', 'BC-1', 'takes a hash that is not whole', (request) =>
    request.length % HASH_BYTES === FIXED_BYTES - 1 && request.length > FIXED_BYTES
      ? Uint8Array.of(...request, 0)
      : request
  ),
  readingOther('byte_codes', 'BC-2', 'takes a hash twice', (request) => {
    const isTwice = request.length > FIXED_BYTES + HASH_BYTES && request[0] === FIXED_BYTES
    const hashes = Array.from({ length: (request.length - FIXED_BYTES) / HASH_BYTES }, (_, at) =>
      request.subarray(FIXED_BYTES + at * HASH_BYTES, FIXED_BYTES + (at + 1) * HASH_BYTES)
    )
    const distinct = new Map(hashes.map((hash) => [Buffer.from(hash).toString('hex'), hash]))
    if (!isTwice) return request
    return new Uint8Array(Buffer.concat([request.subarray(0, FIXED_BYTES), ...distinct.values()]))
  }),
  ...brokenFrames(
    'byte_codes',
    { chunk: 'BC-3', bytes: 'BC-4', unavailable: 'BC-7', window: 'BC-8' },
    BYTE_CODES.chunk.encode({ codes: [STRANGE_CODE] }).bytes
  ),
  sendingOther('byte_codes', 'BC-4', 'sends an empty code', () =>
    Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0)
  ),
  rewriting('BC-5', 'sends codes in another order', (codes) => codes.toReversed()),
  rewriting('BC-5', 'sends a code that nobody asked for', (codes) => [
    STRANGE_CODE,
    ...codes.slice(1)
  ]),
  rewriting('BC-5', 'sends a code twice', (codes) =>
    codes.length > 1 ? codes.map(() => codes[0]!) : codes
  ),
  rewriting('BC-6', 'passes over maxBytes', (codes, { hashes }, state) =>
    hashes.length === state.codes.length && codes.length === 1
      ? inOrderOf(hashes, state.codes)
      : codes
  )
]

function inOrderOf(hashes: Codes, codes: Codes): Codes {
  const isOf = (hash: Uint8Array) => (code: Uint8Array) =>
    Buffer.compare(keccak256(code), hash) === 0
  return hashes.flatMap((hash) => codes.find(isOf(hash)) ?? [])
}
