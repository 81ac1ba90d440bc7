// SR: storage of accounts of a state, whole or in a stretch with its proof.
import { RLP } from '@ethereumjs/rlp'
import { type StateLeaf } from '../../state-leaves.ts'
import { type StorageRangesRequest } from '../../storage-ranges/codec.ts'
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type ServedSlots, slotsOf } from '../served-states.ts'
import { HIGHEST_KEY, LOWEST_KEY, type SlotQuestion, type StateSurvey } from '../state-survey.ts'
import { EMPTY_TRIE } from '../trie-ways.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'
import { expectRefused, requestsOf } from './refusal.ts'
import {
  checkForm,
  checkNothing,
  checkProof,
  checkStretch,
  expectCounts,
  type Seen,
  type ServedStretch,
  stateAnswerCases,
  type StateProtocol,
  takeValue,
  valuesOf
} from './state-checks.ts'

const SLOTS: StateProtocol<SlotQuestion, StorageRangesRequest, ServedSlots> = {
  protocol: 'storage_ranges',
  answers: ({ slots }) => slots,
  read: slotsOf,
  rules: {
    ...{ chunk: 'SR-4', bytes: 'SR-5', unavailable: 'SR-10', window: 'SR-11' }
  },
  held: 'all',
  unheld: ['unknown', 'unknown account']
}

const OFFSET = 104
const [LOW, HIGH] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

/** Cases of protocols/storage-ranges that ask. */
export const STORAGE_REQUEST_CASES: readonly ConformanceCase[] = [
  refuses('SR-1 container', 'a request with another offset, and one whose last hash is not whole', [
    ['103 bytes', rawRequest([]).subarray(0, 103)],
    ['offset 105', rawRequest([LOW], { offset: OFFSET + 1 })],
    ['31 bytes of a hash', rawRequest([LOW]).subarray(0, -1)]
  ]),
  refuses('SR-2 accounts', 'no account, accounts out of order, one twice, and 1025 of them', [
    ['no account', rawRequest([])],
    ['out of order', rawRequest([HIGH, LOW])],
    ['one twice', rawRequest([LOW, LOW])],
    ['1025 accounts', rawRequest(manyHashes(1025))]
  ]),
  refuses('SR-3 stretch', 'a stretch of two storages, and a limit below the origin', [
    ['an origin for two', rawRequest([LOW, HIGH], { origin: LOW })],
    ['a limit for two', rawRequest([LOW, HIGH], { limit: HIGH })],
    ['a limit below the origin', rawRequest([LOW], { origin: HIGH, limit: LOW })]
  ])
]

/** Cases of protocols/storage-ranges: what every answer looks like. */
export const STORAGE_ANSWER_CASES: readonly ConformanceCase[] = [
  ...stateAnswerCases(SLOTS),
  {
    id: 'SR-6 slots',
    rules: ['SR-6'],
    title: 'sends slots in ascending order, none below origin, with trimmed values',
    run: async ({ survey: { state } }) => {
      checkForm(SLOTS, state, 'field')
      for (const seen of valuesOf(SLOTS, state)) checkSlots(seen)
      takeValue(SLOTS, state, 'one')
    }
  },
  {
    id: 'SR-7 range',
    rules: ['SR-7'],
    title:
      'sends whole storages, and of the last one all slots up to the first that is not below limit',
    run: async ({ survey: { state } }) => {
      for (const seen of valuesOf(SLOTS, state)) {
        expectSlotsOfAsked(seen)
        for (const stretch of stretchesOf(state, seen)) await checkStretch(stretch)
      }
      takeValue(SLOTS, state, 'part')
    }
  },
  {
    id: 'SR-8 bytes',
    rules: ['SR-8'],
    title: 'stops before maxBytes is passed, but not before the first slot',
    run: async ({ survey: { state } }) => {
      expectCounts([
        ['no bytes', countOf(state, 'no bytes'), 1],
        ['two slots', countOf(state, 'two'), 2],
        ['a byte less than two slots', countOf(state, 'less than two'), 1]
      ])
    }
  },
  {
    id: 'SR-9 proof',
    rules: ['SR-9'],
    title: 'proves both ends of a part with the nodes on their ways, and nothing where it is whole',
    run: async ({ survey: { state } }) => {
      const { what, value } = takeValue(SLOTS, state, 'one')
      expectRule(value.proof.length === 0, `${what}: a proof of a whole storage`)
      const [all = []] = value.slots
      for (const question of ['no bytes', 'gap', 'beyond'] as const) {
        const last = stretchesOf(state, takeValue(SLOTS, state, question)).at(-1)
        // One slot that is all there is needs no proof.
        const isWhole = question === 'no bytes' && last?.leaves.length === all.length
        if (last !== undefined && !isWhole) checkProof(last)
      }
      for (const last of stretchesOf(state, takeValue(SLOTS, state, 'beyond'))) {
        await checkNothing(last)
      }
    }
  }
]

function refuses(
  id: string,
  title: string,
  requested: Parameters<typeof requestsOf>[1]
): ConformanceCase {
  const [rule = ''] = id.split(' ')
  return {
    id,
    rules: [rule],
    title: `refuses ${title}`,
    run: (subject) => expectRefused(subject, requestsOf('storage_ranges', requested))
  }
}

function rawRequest(
  accounts: readonly Uint8Array[],
  {
    offset = OFFSET,
    origin = LOWEST_KEY,
    limit = HIGHEST_KEY
  }: {
    readonly offset?: number
    readonly origin?: Uint8Array
    readonly limit?: Uint8Array
  } = {}
): Uint8Array {
  const root = new Uint8Array(32)
  const fixed = [root, Uint8Array.of(offset, 0, 0, 0), origin, limit, Uint8Array.of(0, 0, 1, 0)]
  return new Uint8Array(Buffer.concat([...fixed, ...accounts]))
}

function manyHashes(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => {
    const hash = new Uint8Array(32)
    new DataView(hash.buffer).setUint32(0, at + 1)
    return hash
  })
}

type SeenSlots = Seen<StorageRangesRequest, ServedSlots>

function checkSlots({ what, request, value }: SeenSlots): void {
  for (const { hash, value: slot } of value.slots.flat()) {
    expectRule(slot[0] !== 0, `${what}: a value that begins with a zero`)
    expectRule(Buffer.compare(hash, request.origin) >= 0, `${what}: a slot below origin`)
  }
}

function expectSlotsOfAsked({ what, request, value }: SeenSlots): void {
  const { length } = value.slots
  const isRight = length > 0 && length <= request.accounts.length
  expectRule(isRight, `${what}: slots of ${String(length)} accounts`)
}

/** Each list with what proves it; only the last one may be a part. */
function stretchesOf(
  state: StateSurvey,
  { what, request, value }: SeenSlots
): readonly ServedStretch[] {
  return value.slots.flatMap((list, at) => {
    const account = request.accounts[at]
    const known = state.known.find(({ hash }) => toHex(hash) === toHex(account ?? hash))
    const { storageRoot: root } = requireGiven(known, `${what}: an account of no known root`)
    const isLast = at === value.slots.length - 1
    const proof = isLast ? value.proof : []
    if (toHex(root) === toHex(EMPTY_TRIE)) {
      expectRule(list.length === 0, `${what}: slots of an account without storage`)
      return []
    }
    return [{ what, ...request, root, proof, leaves: list.map(toTrieLeaf) }]
  })
}

function toTrieLeaf({ hash, value }: StateLeaf): StateLeaf {
  if (value[0] === 0) throw new NotRun('a value that is not trimmed')
  return { hash, value: RLP.encode(value) }
}

function countOf(state: StateSurvey, question: SlotQuestion): number {
  return takeValue(SLOTS, state, question).value.slots.flat().length
}
