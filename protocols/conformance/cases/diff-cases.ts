// SD: how state diffs are asked for and sent, and the form of each.
import { RLP } from '@ethereumjs/rlp'
import { type StateDiff } from '../../state-diffs-by-range/state-diff.ts'
import { keccak256, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { diffsOf, type ServedDiff } from '../served-diffs.ts'
import { type Subject } from '../subject.ts'
import { lowestDiff, requests } from '../survey.ts'
import { expectRule, expectSeen, NotRun, requireGiven } from '../verdict.ts'
import {
  rangeAnswerCases,
  type RangeProtocol,
  rangeRequestCases,
  takeItems,
  takeSeveral
} from './range-protocol.ts'

const DIFF_MAX_BYTES = 10 * 2 ** 20
const EMPTY_TRIE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const NO_CODE = toHex(keccak256(new Uint8Array()))

const DIFFS: RangeProtocol<ServedDiff> = {
  protocol: 'state_diffs_by_range',
  noun: 'diff',
  rules: {
    size: 'SD-1',
    genesis: 'SD-2',
    count: 'SD-3',
    stop: 'SD-12',
    limits: 'SD-13',
    unavailable: 'SD-14'
  },
  request: requests.diffs,
  lowest: lowestDiff,
  answers: ({ diffs }) => diffs,
  items: diffsOf,
  number: ({ diff }) => diff?.number,
  sizeBytes: ({ sizeBytes }) => sizeBytes
}

/** Cases of protocols/state-diffs-by-range that ask. */
export const DIFF_REQUEST_CASES: readonly ConformanceCase[] = rangeRequestCases(DIFFS)

/** Cases of protocols/state-diffs-by-range: what every answer looks like, but for what a block says of its diff. */
export const DIFF_ANSWER_CASES: readonly ConformanceCase[] = [
  {
    id: 'SD-4 chunks',
    rules: ['SD-4', 'FR-7'],
    title: 'sends diffs of at most 10 MiB with version 0 beside them',
    run: async ({ survey }) => {
      const served = [...survey.diffs.values()].flatMap(diffsOf)
      if (served.length === 0) throw new NotRun('the node serves no diff')
      for (const { what, version, sizeBytes } of served) {
        expectRule(version === 0, `${what}: version ${String(version)}`)
        expectRule(sizeBytes <= DIFF_MAX_BYTES, `${what}: ${String(sizeBytes)} bytes`)
      }
    }
  },
  onForm('SD-5', 'encodes a diff as SSZ has it, no byte more or less', {}),
  onForm('SD-6', 'sends diffs of heights from 1 to 2^64-2', {}),
  onForm('SD-7', 'sorts accounts, slots and codes, none of them twice', {
    what: 'two accounts, slots or codes to sort',
    isSeenIn: ({ accounts, codes }) =>
      [accounts, codes, ...accounts.map(({ slots }) => slots)].some(({ length }) => length > 1)
  }),
  onForm('SD-8', 'says that the storage of a deleted account is gone, and lists no slot of it', {
    what: 'deleted account',
    isSeenIn: ({ accounts }) => accounts.some(({ body }) => body.length === 0)
  }),
  onForm('SD-9', 'trims values, and deletes no slot of a storage that is cleared', {
    what: 'slot',
    isSeenIn: ({ accounts }) => accounts.some(({ slots }) => slots.length > 0)
  }),
  onForm('SD-10', 'writes each account as the one slim RLP of it', {
    what: 'account with a body',
    isSeenIn: ({ accounts }) => accounts.some(({ body }) => body.length > 0),
    check: checkBodies
  }),
  onForm('SD-11', 'sends each new code, and none that no account refers to', {
    what: 'new code',
    isSeenIn: ({ codes }) => codes.length > 0,
    check: checkCodes
  }),
  {
    id: 'SD-12 order',
    rules: ['SD-12', 'SD-15'],
    title: 'sends diffs in ascending order from start on, without gaps',
    run: checkOrder
  },
  ...rangeAnswerCases(DIFFS)
]

/** The diffs of the longest answer. Throws NotRun when there are none. */
export function takeDiffs(subject: Subject): readonly ServedDiff[] {
  return takeItems(DIFFS, subject, 'all')
}

/** What a rule of the form is of. */
interface FormRule {
  /** What a diff has to hold for the rule to show. */
  readonly what?: string
  readonly isSeenIn?: (diff: StateDiff) => boolean
  /** What is wrong with a diff that decodes, given those before it in the same answer. */
  readonly check?: (diff: StateDiff, before: readonly StateDiff[]) => string | false
}

/** The codec names the rules that a diff breaks; a diff in which nothing shows says nothing of them. */
function onForm(
  rule: string,
  title: string,
  { what: due = 'diff that decodes', isSeenIn = () => true, check = () => false }: FormRule
): ConformanceCase {
  return {
    id: `${rule} form`,
    rules: [rule],
    title,
    run: async (subject) => {
      const diffs: StateDiff[] = []
      for (const { what, broken, diff } of takeDiffs(subject)) {
        const reason = broken?.rule === rule ? broken.reason : false
        const problem = reason || (diff !== undefined && check(diff, diffs))
        expectRule(problem === false, `${what}: ${String(problem)}`)
        if (diff !== undefined) diffs.push(diff)
      }
      expectSeen(diffs.filter(isSeenIn).length, `the node serves no ${due}`)
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
  const start = lowestDiff(subject.status)
  for (const [at, { diff, what }] of takeSeveral(DIFFS, subject, 'all').entries()) {
    const due = start + BigInt(at)
    const { number } = requireGiven(diff, `${what}: a diff that does not decode`)
    expectRule(number === due, `${what}: diff ${String(number)} in place of ${String(due)}`)
  }
}
