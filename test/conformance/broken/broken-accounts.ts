// Nodes that break one rule of account_range.
import { RLP } from '@ethereumjs/rlp'
import {
  ACCOUNT_RANGE,
  type AccountRangeRequest,
  decodeAccountRange,
  encodeAccountRange
} from '../../../protocols/account-range/codec.ts'
import { EMPTY_TRIE } from '../../../protocols/conformance/trie-ways.ts'
import { type StateLeaf } from '../../../protocols/state-leaves.ts'
import { answering, type BrokenNode } from './broken-node.ts'
import { type FakeState, proofOf } from './fake-state.ts'
import { serveAccounts } from './fake-state-answers.ts'
import { brokenFrames, readingOther, sendingOther } from './served-chunk.ts'

const REQUEST_BYTES = 100

interface Sent {
  readonly accounts: readonly StateLeaf[]
  readonly proof: readonly Uint8Array[]
}

function rewriting(
  rule: string,
  what: string,
  rewrite: (sent: Sent, asked: AccountRangeRequest, state: FakeState) => Partial<Sent>
): BrokenNode {
  return sendingOther('account_range', rule, what, (content, request, state) => {
    const { accounts, proof } = decodeAccountRange(content)
    const sent = { accounts: [...accounts], proof }
    const asked = ACCOUNT_RANGE.request.decode(request)
    return encodeAccountRange({ ...sent, ...rewrite(sent, asked, state) })
  })
}

/** Answers a sound request as if it were another one. */
function taking(
  rule: string,
  what: string,
  change: (asked: AccountRangeRequest, state: FakeState) => Partial<AccountRangeRequest>
): BrokenNode {
  return answering(rule, what, 'account_range', (request, sound, _, state) => {
    const answer = sound.account_range(request)
    if (answer[0] !== 0) return answer
    const asked = ACCOUNT_RANGE.request.decode(request)
    return serveAccounts(state, { ...asked, ...change(asked, state) })
  })
}

/** Each breaks the rule of its line. */
export const BROKEN_ACCOUNTS: readonly BrokenNode[] = [
  readingOther('account_range', 'AR-1', 'takes a request of 99 bytes', (request) =>
    request.length === REQUEST_BYTES - 1 ? Uint8Array.of(...request, 0) : request
  ),
  readingOther('account_range', 'AR-2', 'takes a limit below the origin', (request) => {
    if (request.length !== REQUEST_BYTES || request[64]! >= request[32]!) return request
    return Uint8Array.of(...request.subarray(0, 64), ...request.subarray(32, 64), 0, 0, 1, 0)
  }),
  ...brokenFrames(
    'account_range',
    { chunk: 'AR-3', bytes: 'AR-4', unavailable: 'AR-10', window: 'AR-11' },
    encodeAccountRange({ accounts: [], proof: [] })
  ),
  rewriting('AR-5', 'does not sort accounts', ({ accounts }) => ({
    accounts: accounts.toReversed()
  })),
  rewriting('AR-5', 'writes the empty root out', ({ accounts }) => ({
    // The first two stay as they are: by their sizes the suite asks for bytes.
    accounts: accounts.map(({ hash, value }, at) => {
      const [nonce, balance, root, code] = RLP.decode(value) as Uint8Array[]
      const isPlain = at > 1 && root?.length === 0
      return { hash, value: isPlain ? RLP.encode([nonce, balance, EMPTY_TRIE, code]) : value }
    })
  })),
  rewriting('AR-6', 'leaves an account out', ({ accounts }) => ({
    accounts: accounts.length > 3 ? accounts.toSpliced(2, 1) : accounts
  })),
  taking('AR-6', 'goes on behind the limit', () => ({ limit: new Uint8Array(32).fill(0xff) })),
  rewriting('AR-6', 'changes a balance', ({ accounts }) => ({
    accounts: accounts.map((account, at) => (at === 1 ? richer(account) : account))
  })),
  taking('AR-7', 'passes over maxBytes', ({ maxBytes }) => ({
    maxBytes: maxBytes === 0 ? 0 : 2 ** 21
  })),
  emptyWhere('AR-8', 'sends no account without bytes for it', ({ maxBytes }) => maxBytes === 0),
  emptyWhere('AR-8', 'sends no account above limit', ({ origin, limit }) => {
    return Buffer.compare(origin, limit) === 0
  }),
  rewriting('AR-9', 'leaves the proof of the whole state out', ({ accounts, proof }) => ({
    proof: accounts.length === 8 ? [] : proof
  })),
  rewriting('AR-9', 'sends a node twice', ({ proof: [first, ...others] }) => ({
    proof: first === undefined ? [] : [first, first, ...others]
  })),
  rewriting('AR-9', 'sends nodes that nobody needs', ({ proof }, _, { nodes }) => {
    const sent = new Set(proof.map((node) => Buffer.from(node).toString('hex')))
    const other = [...nodes.values()].find((node) => !sent.has(Buffer.from(node).toString('hex')))
    return { proof: other === undefined ? proof : [...proof, other] }
  })
]

function richer({ hash, value }: StateLeaf): StateLeaf {
  const [nonce, , root, code] = RLP.decode(value) as Uint8Array[]
  return { hash, value: RLP.encode([nonce, Uint8Array.of(255), root, code]) }
}

/** Answers some sound requests without an account, and proves the way to the origin. */
function emptyWhere(
  rule: string,
  what: string,
  isEmpty: (asked: AccountRangeRequest) => boolean
): BrokenNode {
  return rewriting(rule, what, (sent, asked, state) =>
    isEmpty(asked) ? { accounts: [], proof: proofOf(state, state.root, [asked.origin]) } : sent
  )
}
