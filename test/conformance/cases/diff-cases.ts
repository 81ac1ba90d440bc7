// SD: how state diffs are asked for and sent, and the form of each.
import { RLP } from '@ethereumjs/rlp'
import { type StateDiff } from '../../../protocols/state-diffs-by-range/state-diff.ts'
import { isRefused, linesOf } from '../asking.ts'
import { keccak256, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type Answer } from '../frames.ts'
import { diffsOf, type ServedDiff } from '../served-diffs.ts'
import { type Subject } from '../subject.ts'
import { askEach, withPeer } from '../suite-peer.ts'
import { type RangeQuestion, requests } from '../survey.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'

const DIFF_MAX_BYTES = 10 * 2 ** 20
const COUNT_MAX = 1024
const EMPTY_TRIE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const NO_CODE = toHex(keccak256(new Uint8Array()))

/** Cases of protocols/state-diffs-by-range, but for what a block says of its diff. */
export const DIFF_CASES: readonly ConformanceCase[] = [
  {
    id: 'SD-1 size',
    rules: ['SD-1'],
    title: 'refuses a request of another size',
    run: (subject) => checkRefused(subject, [['19 bytes', requests.diffs(1n, 1n).subarray(0, 19)]])
  },
  {
    id: 'SD-2 genesis',
    rules: ['SD-2'],
    title: 'refuses a range from genesis on',
    run: (subject) => checkRefused(subject, [['start 0', rawRange(0n, 1n)]])
  },
  {
    id: 'SD-3 count',
    rules: ['SD-3'],
    title: 'refuses a count of 0, of more than 1024, and heights that there are not',
    run: (subject) =>
      checkRefused(subject, [
        ['count 0', rawRange(1n, 0n)],
        ['count 1025', rawRange(1n, 1025n)],
        ['heights to 2^64-1', rawRange(2n ** 64n - 2n, 2n)],
        ['heights over 2^64', rawRange(2n ** 64n - 1n, 1024n)]
      ])
  },
  {
    id: 'SD-4 chunks',
    rules: ['SD-4', 'FR-7'],
    title: 'sends diffs of at most 10 MiB with version 0 beside them',
    run: async (subject) => {
      for (const { what, version, sizeBytes } of takeDiffs(subject)) {
        expectRule(version === 0, `${what}: version ${String(version)}`)
        expectRule(sizeBytes <= DIFF_MAX_BYTES, `${what}: ${String(sizeBytes)} bytes`)
      }
    }
  },
  onForm('SD-5', 'encodes a diff as SSZ has it, no byte more or less'),
  onForm('SD-6', 'sends diffs of heights from 1 to 2^64-2'),
  onForm('SD-7', 'sorts accounts, slots and codes, none of them twice'),
  onForm('SD-8', 'says that the storage of a deleted account is gone, and lists no slot of it'),
  onForm('SD-9', 'trims values, and deletes no slot of a storage that is cleared'),
  onForm('SD-10', 'writes each account as the one slim RLP of it', checkBodies),
  onForm('SD-11', 'sends each new code, and none that no account refers to', checkCodes),
  {
    id: 'SD-12 order',
    rules: ['SD-12', 'SD-15'],
    title: 'sends diffs in ascending order from start on, without gaps',
    run: checkOrder
  },
  {
    id: 'SD-12 stop',
    rules: ['SD-12'],
    title: 'stops at the first height whose diff it lacks',
    run: checkStop
  },
  {
    id: 'SD-13 count',
    rules: ['SD-13', 'FR-10'],
    title: 'sends at most count diffs',
    run: checkCount
  },
  {
    id: 'SD-13 bytes',
    rules: ['SD-13'],
    title: 'stops before maxBytes is passed, but not before the first diff',
    run: checkBytes
  },
  {
    id: 'SD-14 unavailable',
    rules: ['SD-14'],
    title: 'answers result 1 where it cannot send the first diff',
    run: async ({ survey }) => {
      const answer = take(survey, 'far above')
      expectRule(answer.frames.length === 1 && answer.frames[0]?.result === 1, linesOf([answer]))
    }
  }
]

function rawRange(start: bigint, count: bigint): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, start, true)
  view.setBigUint64(8, count, true)
  view.setUint32(16, 2 ** 20, true)
  return bytes
}

async function checkRefused(
  subject: Subject,
  requested: readonly (readonly [what: string, bytes: Uint8Array])[]
): Promise<void> {
  const asked = requested.map(([what, bytes]) => {
    return { protocol: 'state_diffs_by_range', what, bytes } as const
  })
  const wrong = (await askEach(subject, asked)).filter((answer) => !isRefused(answer))
  expectRule(wrong.length === 0, linesOf(wrong))
}

function take({ diffs }: Subject['survey'], question: RangeQuestion): Answer {
  return requireGiven(diffs.get(question), 'it was not asked')
}

/** All diffs that came. Throws NotRun when there are none. */
export function takeDiffs(
  { survey }: Pick<Subject, 'survey'>,
  question?: RangeQuestion
): readonly ServedDiff[] {
  const answers = question === undefined ? [...survey.diffs.values()] : [take(survey, question)]
  const served = answers.flatMap(diffsOf)
  if (served.length === 0) throw new NotRun('the node serves no diff')
  return served
}

/** Of the diffs that decode, `check` says what is wrong with one, given those before it in the same answer. */
function onForm(
  rule: string,
  title: string,
  check: (diff: StateDiff, before: readonly StateDiff[]) => string | false = () => false
): ConformanceCase {
  return {
    id: `${rule} form`,
    rules: [rule],
    title,
    run: async (subject) => {
      const diffs: StateDiff[] = []
      takeDiffs(subject)
      for (const { what, broken, diff } of takeDiffs(subject, 'all')) {
        const reason = broken?.rule === rule ? broken.reason : false
        const problem = reason || (diff !== undefined && check(diff, diffs))
        expectRule(problem === false, `${what}: ${String(problem)}`)
        if (diff !== undefined) diffs.push(diff)
      }
    }
  }
}

function checkBodies({ number, accounts }: StateDiff): string | false {
  for (const { addressHash, body } of accounts) {
    const problem = body.length > 0 && checkBody(body)
    if (problem !== false) return `${toHex(addressHash)} in ${String(number)}: ${problem}`
  }
  return false
}

function checkBody(body: Uint8Array): string | false {
  const fields = fieldsOf(body)
  if (fields === undefined) return 'no list of four fields, or not in their one encoding'
  const [nonce, balance, storageRoot, codeHash] = fields
  if (nonce.length > 8 || nonce[0] === 0) return `nonce ${toHex(nonce)}`
  if (balance.length > 32 || balance[0] === 0) return `balance ${toHex(balance)}`
  for (const [hash, empty] of [
    [storageRoot, EMPTY_TRIE],
    [codeHash, NO_CODE]
  ] as const) {
    if (hash.length !== 0 && hash.length !== 32) return `a hash of ${String(hash.length)} bytes`
    if (toHex(hash) === empty) return 'the hash of nothing is written out'
  }
  return false
}

type Fields = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

/** Undefined where it is no list of four, or could be written in another way. */
function fieldsOf(body: Uint8Array): Fields | undefined {
  try {
    const decoded = RLP.decode(body)
    const isOneWay = toHex(RLP.encode(decoded)) === toHex(body)
    const isFlat = Array.isArray(decoded) && decoded.every((it) => it instanceof Uint8Array)
    if (!isOneWay || !isFlat || decoded.length !== 4) return undefined
    const [nonce, balance, storageRoot, codeHash] = decoded
    if (!nonce || !balance || !storageRoot || !codeHash) return undefined
    return [nonce, balance, storageRoot, codeHash]
  } catch {
    return undefined
  }
}

/** The code before a block is known where a diff before it lists the account. */
function checkCodes(
  { number, accounts, codes }: StateDiff,
  before: readonly StateDiff[]
): string | false {
  const hashes = new Set(codes.map((code) => toHex(keccak256(code))))
  const listed = new Set<string>()
  for (const { addressHash, body } of accounts) {
    const code = codeOf(body)
    if (code === undefined || code === '0x') continue
    listed.add(code)
    const address = toHex(addressHash)
    const last = before
      .flatMap((diff) => diff.accounts)
      .findLast((account) => toHex(account.addressHash) === address)
    const isNew = last !== undefined && codeOf(last.body) !== code
    if (isNew && !hashes.has(code)) return `block ${String(number)} brings no code ${code}`
  }
  const loose = [...hashes].find((hash) => !listed.has(hash))
  return loose !== undefined && `no account of block ${String(number)} refers to code ${loose}`
}

/** The hash of an account's code; `0x` for none, also of an account that is gone. */
function codeOf(body: Uint8Array): string | undefined {
  if (body.length === 0) return '0x'
  const fields = fieldsOf(body)
  return fields && toHex(fields[3])
}

async function checkOrder(subject: Subject): Promise<void> {
  const start = requireGiven(subject.status.oldestDiff, 'it names no oldest diff')
  for (const [at, { diff, what }] of takeDiffs(subject, 'all').entries()) {
    const due = start + BigInt(at)
    const number = diff?.number ?? due
    expectRule(number === due, `${what}: diff ${String(number)} in place of ${String(due)}`)
  }
}

async function checkStop(subject: Subject): Promise<void> {
  const [first] = takeDiffs(subject, 'past the head')
  const answer = take(subject.survey, 'past the head')
  const { number: head } = subject.survey.head
  const number = first?.diff?.number ?? head
  expectRule(number === head, `starts at ${String(number)}`)
  const isSound = answer.frames.every(({ result }) => result === 0) && answer.end === 'closed'
  expectRule(isSound, linesOf([answer]))
}

async function checkCount(subject: Subject): Promise<void> {
  takeDiffs(subject, 'first')
  for (const [question, countMax] of [
    ['first', 1],
    ['three', 3],
    ['all', COUNT_MAX]
  ] as const) {
    const { length } = take(subject.survey, question).frames
    expectRule(length <= countMax, `${String(length)} chunks for a count of ${String(countMax)}`)
  }
}

async function checkBytes(subject: Subject): Promise<void> {
  const { options, survey, status } = subject
  const [first, second] = takeDiffs(subject, 'three')
  const { length } = take(survey, 'no bytes').frames
  expectRule(length === 1, `${String(length)} chunks for maxBytes 0`)
  if (first === undefined || second === undefined) return
  const limit = first.sizeBytes + second.sizeBytes
  for (const [maxBytes, countMax] of [
    [limit, 2],
    [limit - 1, 1]
  ] as const) {
    const bytes = requests.diffs(status.oldestDiff, 3n, maxBytes)
    const what = `maxBytes ${String(maxBytes)}`
    const answer = await withPeer(options, ({ ask }) =>
      ask({ protocol: 'state_diffs_by_range', what, bytes })
    )
    expectRule(answer.frames.length === countMax, linesOf([answer]))
  }
}
