// Sound requests for parts of a state: what is asked for next follows from what came, so they are asked one by one.
import { ACCOUNT_RANGE, type AccountRangeRequest } from '../account-range/codec.ts'
import { BYTE_CODES, type ByteCodesRequest } from '../byte-codes/codec.ts'
import { LEAF_OVERHEAD_BYTES, type StateLeaf } from '../state-leaves.ts'
import { STORAGE_RANGES, type StorageRangesRequest } from '../storage-ranges/codec.ts'
import { TRIE_NODES, type TrieNodesRequest } from '../trie-nodes/codec.ts'
import { keccak256 } from './block-maker.ts'
import { type Answer } from './frames.ts'
import { isNone, type RawStatus } from './raw-status.ts'
import {
  accountsOf,
  codesOf,
  nodesOf,
  type SlimAccount,
  slotsOf,
  trySlim
} from './served-states.ts'
import { type ServedMessage } from './served-messages.ts'
import { type SuitePeer } from './suite-peer.ts'
import { EMPTY_TRIE } from './trie-ways.ts'
import { NotRun } from './verdict.ts'

/** A question, with its answer. */
export interface StateAnswer<Request> {
  readonly request: Request
  readonly answer: Answer
}

/** Questions about accounts; all but three of them follow from the first answer. */
export type AccountQuestion =
  'whole' | 'no bytes' | 'two' | 'less than two' | 'part' | 'gap' | 'beyond' | 'unknown'
/** Questions about slots; those of one account need one with storage. */
export type SlotQuestion =
  | 'all'
  | 'one'
  | 'no bytes'
  | 'two'
  | 'less than two'
  | 'part'
  | 'gap'
  | 'beyond'
  | 'unknown'
  | 'unknown account'
/** Questions about codes; all but the last need accounts with code. */
export type CodeQuestion = 'all' | 'one missing' | 'no bytes' | 'two' | 'less than two' | 'none'
/** Questions about nodes. */
export type NodeQuestion = 'several' | 'no bytes' | 'two' | 'less than two' | 'unknown'

/** An account that the node served, whose body can be read. */
export interface KnownAccount extends SlimAccount {
  readonly hash: Uint8Array
}

/** All answers about the state of one block. */
export interface StateSurvey {
  /** Why nothing could be asked; undefined where something was. */
  readonly missing: string | undefined
  readonly accounts: ReadonlyMap<AccountQuestion, StateAnswer<AccountRangeRequest>>
  readonly slots: ReadonlyMap<SlotQuestion, StateAnswer<StorageRangesRequest>>
  readonly codes: ReadonlyMap<CodeQuestion, StateAnswer<ByteCodesRequest>>
  readonly nodes: ReadonlyMap<NodeQuestion, StateAnswer<TrieNodesRequest>>
  /** Of the first answer. */
  readonly known: readonly KnownAccount[]
  /** All of them, by question. */
  readonly answers: ReadonlyMap<string, Answer>
}

/** The lowest key. */
export const LOWEST_KEY: Uint8Array = new Uint8Array(32)
/** The highest key. */
export const HIGHEST_KEY: Uint8Array = new Uint8Array(32).fill(0xff)

const BYTES_MAX = 2 ** 21
const ITEM_OVERHEAD_BYTES = 4
const ACCOUNTS_MAX = 1024
const CODES_MAX = 16
/** A root, an account and a code that nobody has. */
const NOTHING = keccak256(Uint8Array.of(0x6f, 0x6e))
const NO_PATH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)

/** Asks everything, as a peer that has asked for blocks. What the node does not serve is left out. */
export async function surveyState(
  ask: SuitePeer['ask'],
  status: RawStatus,
  messages: readonly ServedMessage[]
): Promise<StateSurvey> {
  const survey = new Asking(ask)
  const root = rootOf(status, messages)
  if (!(root instanceof Uint8Array)) return survey.result(root.missing, [])
  try {
    await survey.accountRanges(root)
    const known = survey.known()
    await survey.storageRanges(root, known)
    await survey.byteCodes(known)
    await survey.trieNodes(root, known)
    return survey.result(undefined, known)
  } catch (thrown) {
    if (thrown instanceof NotRun) return survey.result(thrown.message, [])
    throw thrown
  }
}

/** That of the newest state which the node says it has. */
function rootOf(
  { oldestState, newestState }: RawStatus,
  messages: readonly ServedMessage[]
): Uint8Array | { readonly missing: string } {
  if (isNone(oldestState) || isNone(newestState))
    return { missing: 'the node says it has no state' }
  const payload = messages.find(({ block }) => block?.payload.blockNumber === newestState)?.block
    ?.payload
  return payload?.stateRoot ?? { missing: 'the block of its newest state did not come' }
}

class Asking {
  readonly #ask: SuitePeer['ask']
  readonly #accounts = new Map<AccountQuestion, StateAnswer<AccountRangeRequest>>()
  readonly #slots = new Map<SlotQuestion, StateAnswer<StorageRangesRequest>>()
  readonly #codes = new Map<CodeQuestion, StateAnswer<ByteCodesRequest>>()
  readonly #nodes = new Map<NodeQuestion, StateAnswer<TrieNodesRequest>>()
  readonly #answers = new Map<string, Answer>()

  constructor(ask: SuitePeer['ask']) {
    this.#ask = ask
  }

  result(missing: string | undefined, known: readonly KnownAccount[]): StateSurvey {
    return {
      ...{ missing, known, answers: this.#answers },
      ...{ accounts: this.#accounts, slots: this.#slots, codes: this.#codes, nodes: this.#nodes }
    }
  }

  /** The accounts of the first answer; none where it is none. */
  known(): readonly KnownAccount[] {
    const whole = this.#accounts.get('whole')
    const accounts = (whole && accountsOf(whole.answer)?.value?.accounts) ?? []
    return accounts.flatMap(({ hash, value }) => {
      const slim = trySlim(value)
      return slim === undefined ? [] : [{ hash, ...slim }]
    })
  }

  async accountRanges(root: Uint8Array): Promise<void> {
    const whole = { root, origin: LOWEST_KEY, limit: HIGHEST_KEY, maxBytes: BYTES_MAX }
    const ask = async (question: AccountQuestion, change: Partial<AccountRangeRequest>) => {
      const request = { ...whole, ...change }
      const bytes = ACCOUNT_RANGE.request.encode(request)
      const what = `account_range, ${question}`
      const answer = await this.#noted({ protocol: 'account_range', what, bytes })
      this.#accounts.set(question, { request, answer })
      return answer
    }
    const answer = await ask('whole', {})
    await ask('no bytes', { maxBytes: 0 })
    await ask('unknown', { root: NOTHING })
    const leaves = accountsOf(answer)?.value?.accounts ?? []
    for (const [question, change] of stretches(leaves)) await ask(question, change)
  }

  async storageRanges(root: Uint8Array, known: readonly KnownAccount[]): Promise<void> {
    const owner = known.find(({ storageRoot }) => !isEmpty(storageRoot))
    const asked = known.slice(0, ACCOUNTS_MAX).map(({ hash }) => hash)
    if (asked.length === 0) return
    const whole = { root, origin: LOWEST_KEY, limit: HIGHEST_KEY, maxBytes: BYTES_MAX }
    const ask = async (question: SlotQuestion, change: Partial<StorageRangesRequest>) => {
      const request = { ...whole, accounts: asked, ...change }
      const bytes = STORAGE_RANGES.request.encode(request)
      const what = `storage_ranges, ${question}`
      const answer = await this.#noted({ protocol: 'storage_ranges', what, bytes })
      this.#slots.set(question, { request, answer })
      return answer
    }
    await ask('all', {})
    await ask('unknown', { root: NOTHING })
    await ask('unknown account', { accounts: [NOTHING] })
    if (owner === undefined) return
    const accounts = [owner.hash]
    const answer = await ask('one', { accounts })
    await ask('no bytes', { accounts, maxBytes: 0 })
    const leaves = slotsOf(answer)?.value?.slots[0] ?? []
    for (const [question, change] of stretches(leaves)) await ask(question, { ...change, accounts })
  }

  async byteCodes(known: readonly KnownAccount[]): Promise<void> {
    const ask = async (question: CodeQuestion, change: Partial<ByteCodesRequest>) => {
      const request = { hashes: [NOTHING], maxBytes: BYTES_MAX, ...change }
      const bytes = BYTE_CODES.request.encode(request)
      const what = `byte_codes, ${question}`
      const answer = await this.#noted({ protocol: 'byte_codes', what, bytes })
      this.#codes.set(question, { request, answer })
      return answer
    }
    await ask('none', {})
    const hashes = distinct(known.flatMap(({ codeHash }) => codeHash ?? []))
    const [first, second] = hashes
    if (first === undefined) return
    const answer = await ask('all', { hashes })
    await ask('no bytes', { hashes, maxBytes: 0 })
    if (second === undefined) return
    await ask('one missing', { hashes: [second, NOTHING, first] })
    const codes = codesOf(answer)?.value ?? []
    for (const [question, maxBytes] of twoItems(codes.map(({ length }) => length))) {
      await ask(question, { hashes, maxBytes })
    }
  }

  async trieNodes(root: Uint8Array, known: readonly KnownAccount[]): Promise<void> {
    const owner = known.find(({ storageRoot }) => !isEmpty(storageRoot))
    const [first] = known
    if (first === undefined) return
    const at = (account: Uint8Array, path: Uint8Array = new Uint8Array()) => ({ account, path })
    const paths = [
      at(LOWEST_KEY),
      at(LOWEST_KEY, Uint8Array.of((first.hash[0] ?? 0) >> 4)),
      ...(owner === undefined ? [] : [at(owner.hash)]),
      at(LOWEST_KEY, NO_PATH),
      at(NOTHING),
      at(LOWEST_KEY)
    ]
    const ask = async (question: NodeQuestion, change: Partial<TrieNodesRequest>) => {
      const request = { root, paths, maxBytes: BYTES_MAX, ...change }
      const bytes = TRIE_NODES.request.encode(request)
      const what = `trie_nodes, ${question}`
      const answer = await this.#noted({ protocol: 'trie_nodes', what, bytes })
      this.#nodes.set(question, { request, answer })
      return answer
    }
    const answer = await ask('several', {})
    await ask('no bytes', { maxBytes: 0 })
    await ask('unknown', { root: NOTHING })
    const nodes = nodesOf(answer)?.value ?? []
    for (const [question, maxBytes] of twoItems(nodes.map(({ length }) => length))) {
      await ask(question, { maxBytes })
    }
  }

  async #noted(asked: Parameters<SuitePeer['ask']>[0]): Promise<Answer> {
    const answer = await this.#ask(asked)
    this.#answers.set(asked.what, answer)
    return answer
  }
}

/** Stretches of the leaves that came: by bytes, by keys, and behind all of them. */
function stretches(leaves: readonly StateLeaf[]) {
  const [first, second, third] = leaves
  const last = leaves.at(-1)
  if (first === undefined || last === undefined) return []
  const afterFirst = nextKey(first.hash)
  const sizes = [first, second].map((leaf) =>
    leaf === undefined ? 0 : leaf.value.length + LEAF_OVERHEAD_BYTES - ITEM_OVERHEAD_BYTES
  )
  const bounds = third === undefined ? [] : twoItems(sizes)
  return [
    ...bounds.map(([question, maxBytes]) => [question, { maxBytes }] as const),
    ['gap', { origin: afterFirst, limit: afterFirst }] as const,
    ['beyond', { origin: nextKey(last.hash) }] as const,
    ...(third === undefined ? [] : [['part', { origin: afterFirst, limit: third.hash }] as const])
  ]
}

/** As many bytes as two items need, and one less. */
function twoItems([first, second]: readonly number[]) {
  if (first === undefined || second === undefined) return []
  const bytes = first + second + 2 * ITEM_OVERHEAD_BYTES
  return [
    ['two', bytes],
    ['less than two', bytes - 1]
  ] as const
}

/** The key behind this one, which is not the highest. */
function nextKey(key: Uint8Array): Uint8Array {
  const next = Uint8Array.from(key)
  let at = next.length - 1
  while (at > 0 && next[at] === 0xff) next[at--] = 0
  next[at] = (next[at] ?? 0) + 1
  return next
}

function isEmpty(root: Uint8Array): boolean {
  return Buffer.compare(root, EMPTY_TRIE) === 0
}

function distinct(hashes: readonly Uint8Array[]): readonly Uint8Array[] {
  const byKey = new Map(hashes.map((hash) => [Buffer.from(hash).toString('hex'), hash]))
  return [...byKey.values()].slice(0, CODES_MAX)
}
