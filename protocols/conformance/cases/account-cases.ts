// AR: accounts of a state, in ranges with proofs.
import { type AccountRangeRequest } from '../../account-range/codec.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { accountsOf, readSlim, type ServedAccounts, trySlim } from '../served-states.ts'
import { type AccountQuestion, HIGHEST_KEY, LOWEST_KEY, type StateSurvey } from '../state-survey.ts'
import { expectRule, NotRun } from '../verdict.ts'
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

/** What comes above limit is AR-6's. */
const MANY = 1024

const ACCOUNTS: StateProtocol<AccountQuestion, AccountRangeRequest, ServedAccounts> = {
  protocol: 'account_range',
  answers: ({ accounts }) => accounts,
  read: accountsOf,
  rules: {
    ...{ chunk: 'AR-3', bytes: 'AR-4', unavailable: 'AR-10', window: 'AR-11' }
  },
  held: 'whole',
  unheld: ['unknown']
}

/** Cases of protocols/account-range that ask. */
export const ACCOUNT_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'AR-1 size',
    rules: ['AR-1'],
    title: 'refuses a request of another size',
    run: (subject) => {
      const bytes = rawRequest(LOWEST_KEY, HIGHEST_KEY)
      const requested = [
        ['99 bytes', bytes.subarray(0, 99)],
        ['101 bytes', Uint8Array.of(...bytes, 0)]
      ] as const
      return expectRefused(subject, requestsOf('account_range', requested))
    }
  },
  {
    id: 'AR-2 limit',
    rules: ['AR-2'],
    title: 'refuses a limit below the origin',
    run: (subject) => {
      const requested = [['ff to 00', rawRequest(HIGHEST_KEY, LOWEST_KEY)]] as const
      return expectRefused(subject, requestsOf('account_range', requested))
    }
  }
]

/** Cases of protocols/account-range: what every answer looks like. */
export const ACCOUNT_ANSWER_CASES: readonly ConformanceCase[] = [
  ...stateAnswerCases(ACCOUNTS),
  {
    id: 'AR-5 accounts',
    rules: ['AR-5'],
    title: 'sends accounts in ascending order, none below origin, each in its one slim RLP',
    run: async ({ survey: { state } }) => {
      checkForm(ACCOUNTS, state, 'field')
      for (const seen of valuesOf(ACCOUNTS, state)) checkBodies(seen)
    }
  },
  {
    id: 'AR-6 range',
    rules: ['AR-6'],
    title: 'leaves no account out, and ends with the first one that is not below limit',
    run: async ({ survey: { state } }) => {
      for (const seen of valuesOf(ACCOUNTS, state)) await checkStretch(stretchOf(seen))
      takeValue(ACCOUNTS, state, 'part')
    }
  },
  {
    id: 'AR-7 bytes',
    rules: ['AR-7'],
    title: 'stops before maxBytes is passed',
    run: async ({ survey: { state } }) => {
      expectCounts([
        ['two accounts', countOf(state, 'two'), 2],
        ['a byte less than two accounts', countOf(state, 'less than two'), 1]
      ])
    }
  },
  {
    id: 'AR-8 first',
    rules: ['AR-8'],
    title: 'sends the first account whatever its size, also where it is above limit',
    run: async ({ survey: { state } }) => {
      expectCounts([
        ['no bytes', countOf(state, 'no bytes'), 1],
        ['from behind the first account to there', countOf(state, 'gap'), MANY]
      ])
    }
  },
  {
    id: 'AR-9 proof',
    rules: ['AR-9'],
    title: 'proves both ends with the nodes on their ways, each once and no others',
    run: async ({ survey: { state } }) => {
      for (const seen of valuesOf(ACCOUNTS, state)) checkProof(stretchOf(seen))
      await checkNothing(stretchOf(takeValue(ACCOUNTS, state, 'beyond')))
    }
  }
]

function rawRequest(origin: Uint8Array, limit: Uint8Array): Uint8Array {
  return Uint8Array.of(...new Uint8Array(32), ...origin, ...limit, 0, 0, 1, 0)
}

function checkBodies({ what, request, value }: Seen<AccountRangeRequest, ServedAccounts>): void {
  for (const { hash, value: body } of value.accounts) {
    const isBelow = Buffer.compare(hash, request.origin) < 0
    expectRule(!isBelow, `${what}: an account below origin`)
    try {
      readSlim(body)
    } catch (thrown) {
      expectRule(false, `${what}: ${thrown instanceof Error ? thrown.message : 'no body'}`)
    }
  }
}

function stretchOf({
  what,
  request,
  value
}: Seen<AccountRangeRequest, ServedAccounts>): ServedStretch {
  const leaves = value.accounts.map(({ hash, value: body }) => {
    const slim = trySlim(body)
    if (slim === undefined) throw new NotRun(`${what}: a body that cannot be read`)
    return { hash, value: slim.trieValue }
  })
  return { what, ...request, proof: value.proof, leaves }
}

function countOf(state: StateSurvey, question: AccountQuestion): number {
  return takeValue(ACCOUNTS, state, question).value.accounts.length
}
