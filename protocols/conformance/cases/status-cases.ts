// ST: what a node says of itself, and what it makes of what others say.
import { linesOf } from '../asking.ts'
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'
import { isNone, type RawStatus, STATUS_BYTES, withField } from '../raw-status.ts'
import { type Subject } from '../subject.ts'
import { NO_BLOCK, surveyedStatus } from '../survey.ts'
import { servedReaction, tellOtherChain } from './other-chain.ts'
import { expectRefused, requestsOf } from './refusal.ts'

const NONE = 2n ** 64n - 1n

/** Cases of protocols/status: what the answer looks like. */
export const STATUS_ANSWER_CASES: readonly ConformanceCase[] = [
  onStatus('ST-1', 'is exactly 173 bytes', ({ sizeBytes }) => {
    return sizeBytes !== STATUS_BYTES && `${String(sizeBytes)} bytes`
  }),
  onStatus('ST-2', 'has role 0 or 1', ({ role }) => role > 1 && `role ${String(role)}`),
  onStatus('ST-3', 'always gives chain id, head and clock', (status) => {
    return (
      (['chainId', 'unsafeNumber', 'clockMs'] as const).some((it) => isNone(status[it])) && 'none'
    )
  }),
  onStatus('ST-4', 'gives no hash where it has accepted nothing', (status) => {
    if (!isNone(status.acceptedNumber)) throw new NotRun('the node has accepted blocks')
    const isZero = status.acceptedHash.every((byte) => byte === 0)
    return !isZero && toHex(status.acceptedHash)
  }),
  onStatus('ST-5', 'gives both ends of its states or neither', (status) => {
    return isNone(status.oldestState) !== isNone(status.newestState) && 'one of them is none'
  }),
  {
    id: 'ST-7 digest',
    rules: ['ST-7'],
    title: 'computes the fork digest from genesis and fork times',
    run: async ({ options, survey }) => {
      const expected = requireGiven(options.forkDigest, 'needs --fork-digest')
      const seen = requireGiven(surveyedStatus(survey), 'there is no status to look at')
      expectRule(toHex(seen.forkDigest) === toHex(expected), toHex(seen.forkDigest))
    }
  },
  {
    id: 'ST-8 one chunk',
    rules: ['ST-8', 'FR-10'],
    title: 'answers a status with exactly one chunk, its own',
    run: async ({ survey, chainId }) => {
      const { frames } = survey.status
      expectRule(frames.length === 1 && frames[0]?.result === 0, linesOf([survey.status]))
      const seen = requireGiven(surveyedStatus(survey), 'there is no status to look at')
      expectRule(seen.chainId === chainId, 'of another chain')
    }
  }
]

/** Cases of protocols/status that ask. */
export const STATUS_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'ST-6 refuse',
    rules: ['ST-6'],
    title: 'refuses a status that breaks a rule',
    run: checkRefusal
  },
  {
    id: 'ST-10 chain id',
    rules: ['ST-10'],
    title: 'disconnects a peer of another chain id',
    run: async (subject) => {
      expectRule((await servedReaction(subject)) !== undefined, 'it stays connected')
    }
  },
  {
    id: 'ST-10 genesis',
    rules: ['ST-10'],
    title: 'disconnects a peer of another genesis',
    run: async (subject) => {
      const bytes = subject.ownStatus({ genesisHash: NO_BLOCK })
      expectRule((await tellOtherChain(subject, bytes)) !== undefined, 'it stays connected')
    }
  }
]

function onStatus(
  rule: string,
  title: string,
  check: (status: RawStatus) => string | false
): ConformanceCase {
  return {
    id: `${rule} answer`,
    rules: [rule],
    title,
    run: async ({ survey }) => {
      const status = requireGiven(surveyedStatus(survey), 'there is no status to look at')
      const problem = check(status)
      expectRule(problem === false, String(problem))
    }
  }
}

async function checkRefusal(subject: Subject): Promise<void> {
  const sound = subject.ownStatus()
  const requested = requestsOf('status', [
    ['172 bytes (ST-1)', sound.subarray(0, STATUS_BYTES - 1)],
    ['role 2 (ST-2)', withField(sound, 'role', 2)],
    ['no head (ST-3)', withField(sound, 'unsafeNumber', NONE)],
    ['a hash of nothing accepted (ST-4)', withField(sound, 'acceptedHash', 1)],
    ['one end of its states (ST-5)', withField(sound, 'oldestState', 0n)]
  ])
  await expectRefused(subject, requested)
}
