// BC: codes by their hashes.
import { BYTE_CODES_COUNT_MAX, type ByteCodesRequest } from '../../byte-codes/codec.ts'
import { keccak256, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { codesOf } from '../served-states.ts'
import { type CodeQuestion, type StateSurvey } from '../state-survey.ts'
import { expectRule } from '../verdict.ts'
import { expectRefused, requestsOf } from './refusal.ts'
import {
  checkForm,
  expectCounts,
  type Seen,
  stateAnswerCases,
  type StateProtocol,
  takeValue,
  valuesOf
} from './state-checks.ts'

type Codes = readonly Uint8Array[]

const CODES: StateProtocol<CodeQuestion, ByteCodesRequest, Codes> = {
  protocol: 'byte_codes',
  answers: ({ codes }) => codes,
  read: codesOf,
  rules: {
    ...{ chunk: 'BC-3', bytes: 'BC-4', unavailable: 'BC-7', window: 'BC-8' }
  },
  held: 'all',
  unheld: ['none']
}

const OFFSET = 8
const [ONE, OTHER] = [keccak256(Uint8Array.of(0x61)), keccak256(Uint8Array.of(0x62))]

/** Cases of protocols/byte-codes that ask. */
export const CODE_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'BC-1 container',
    rules: ['BC-1'],
    title: 'refuses a request with another offset, and one whose last hash is not whole',
    run: (subject) =>
      expectRefused(
        subject,
        requestsOf('byte_codes', [
          ['7 bytes', rawRequest([]).subarray(0, 7)],
          ['offset 9', rawRequest([ONE], OFFSET + 1)],
          ['31 bytes of a hash', rawRequest([ONE]).subarray(0, -1)]
        ])
      )
  },
  {
    id: 'BC-2 count',
    rules: ['BC-2'],
    title: 'refuses a request with no hash, with 1025, and with one twice',
    run: (subject) =>
      expectRefused(
        subject,
        requestsOf('byte_codes', [
          ['no hash', rawRequest([])],
          ['a hash twice', rawRequest([ONE, OTHER, ONE])],
          ['1025 hashes', rawRequest(manyHashes(BYTE_CODES_COUNT_MAX + 1))]
        ])
      )
  }
]

/** Cases of protocols/byte-codes: what every answer looks like. */
export const CODE_ANSWER_CASES: readonly ConformanceCase[] = [
  ...stateAnswerCases(CODES),
  {
    id: 'BC-4 codes',
    rules: ['BC-4'],
    title: 'sends at least one code, and none that is empty',
    run: async ({ survey: { state } }) => {
      checkForm(CODES, state, 'field')
    }
  },
  {
    id: 'BC-5 order',
    rules: ['BC-5'],
    title: 'sends what was asked for, in the order of the request, each once',
    run: async ({ survey: { state } }) => {
      for (const seen of valuesOf(CODES, state)) checkOrder(seen)
      const { request, value } = takeValue(CODES, state, 'one missing')
      const [second, , first] = request.hashes.map(toHex)
      const got = value.map((code) => toHex(keccak256(code)))
      const isRight = got[0] === second && (got.length === 1 || got[1] === first)
      expectRule(isRight, `${got.join(', ')} for two and one that is missing`)
    }
  },
  {
    id: 'BC-6 bytes',
    rules: ['BC-6'],
    title: 'stops before maxBytes is passed, but not before the first code',
    run: async ({ survey: { state } }) => {
      expectCounts([
        ['no bytes', countOf(state, 'no bytes'), 1],
        ['two codes', countOf(state, 'two'), 2],
        ['a byte less than two codes', countOf(state, 'less than two'), 1]
      ])
    }
  }
]

function rawRequest(hashes: readonly Uint8Array[], offset = OFFSET): Uint8Array {
  const fixed = [Uint8Array.of(offset, 0, 0, 0), Uint8Array.of(0, 0, 1, 0)]
  return new Uint8Array(Buffer.concat([...fixed, ...hashes]))
}

function manyHashes(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => keccak256(Uint8Array.of(0x63, at >> 8, at)))
}

function checkOrder({ what, request, value }: Seen<ByteCodesRequest, Codes>): void {
  const asked = request.hashes.map(toHex)
  let last = -1
  for (const code of value) {
    const at = asked.indexOf(toHex(keccak256(code)))
    expectRule(at !== -1, `${what}: a code that was not asked for`)
    expectRule(at > last, `${what}: codes in another order, or one twice`)
    last = at
  }
}

function countOf(state: StateSurvey, question: CodeQuestion): number {
  return takeValue(CODES, state, question).value.length
}
