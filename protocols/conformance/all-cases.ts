// Every case of the suite, in the order in which they are run: gossip last, for it leaves blocks behind.
import { ACCOUNT_ANSWER_CASES, ACCOUNT_REQUEST_CASES } from './cases/account-cases.ts'
import { CODE_ANSWER_CASES, CODE_REQUEST_CASES } from './cases/code-cases.ts'
import { DIALLED_CASES } from './cases/dialled-cases.ts'
import { DIFF_ANSWER_CASES, DIFF_REQUEST_CASES } from './cases/diff-cases.ts'
import { DIFF_CONTENT_CASES } from './cases/diff-content-cases.ts'
import { FRAMING_ANSWER_CASES, FRAMING_CASES } from './cases/framing-cases.ts'
import { GOSSIP_CASES } from './cases/gossip-cases.ts'
import { GOSSIP_HEIGHT_CASES } from './cases/gossip-height-cases.ts'
import { GOSSIP_REFUSAL_CASES } from './cases/gossip-refusal-cases.ts'
import { HASH_ANSWER_CASES, HASH_GOSSIP_CASES, HASH_REQUEST_CASES } from './cases/hash-cases.ts'
import { MESSAGE_ANSWER_CASES, MESSAGE_GOSSIP_CASES } from './cases/message-cases.ts'
import { NODE_ANSWER_CASES, NODE_REQUEST_CASES } from './cases/node-cases.ts'
import { PAYLOAD_CASES } from './cases/payload-cases.ts'
import { RANGE_ANSWER_CASES, RANGE_REQUEST_CASES } from './cases/range-cases.ts'
import { STATUS_ANSWER_CASES, STATUS_REQUEST_CASES } from './cases/status-cases.ts'
import { STORAGE_ANSWER_CASES, STORAGE_REQUEST_CASES } from './cases/storage-cases.ts'
import { TIP_ANSWER_CASES, TIP_GOSSIP_CASES, TIP_REQUEST_CASES } from './cases/tip-cases.ts'
import { LAST_CASES, TRANSPORT_CASES } from './cases/transport-cases.ts'
import { WALK_CASES } from './cases/walk-cases.ts'
import { type ConformanceCase } from './conformance-case.ts'

/** The node has been asked by the survey; these look at all its answers, and ask nothing more. */
export const ANSWER_CASES: readonly ConformanceCase[] = [
  ...FRAMING_ANSWER_CASES,
  ...STATUS_ANSWER_CASES,
  ...RANGE_ANSWER_CASES,
  ...HASH_ANSWER_CASES,
  ...DIFF_ANSWER_CASES,
  ...DIFF_CONTENT_CASES,
  ...ACCOUNT_ANSWER_CASES,
  ...STORAGE_ANSWER_CASES,
  ...CODE_ANSWER_CASES,
  ...NODE_ANSWER_CASES,
  ...TIP_ANSWER_CASES,
  ...MESSAGE_ANSWER_CASES
]

/** The node is asked. */
export const SERVER_CASES: readonly ConformanceCase[] = [
  ...TRANSPORT_CASES,
  ...FRAMING_CASES,
  ...STATUS_REQUEST_CASES,
  ...RANGE_REQUEST_CASES,
  ...HASH_REQUEST_CASES,
  ...DIFF_REQUEST_CASES,
  ...ACCOUNT_REQUEST_CASES,
  ...STORAGE_REQUEST_CASES,
  ...CODE_REQUEST_CASES,
  ...NODE_REQUEST_CASES,
  ...TIP_REQUEST_CASES,
  ...PAYLOAD_CASES,
  ...ANSWER_CASES
]

/** The node asks. */
export const CLIENT_CASES: readonly ConformanceCase[] = [...WALK_CASES, ...DIALLED_CASES]

/** The node hears blocks, and passes them on. */
export const GOSSIPING_CASES: readonly ConformanceCase[] = [
  ...TIP_GOSSIP_CASES,
  ...HASH_GOSSIP_CASES,
  ...MESSAGE_GOSSIP_CASES,
  ...GOSSIP_CASES,
  ...GOSSIP_REFUSAL_CASES,
  ...GOSSIP_HEIGHT_CASES
]

/** All cases. */
export const ALL_CASES: readonly ConformanceCase[] = [
  ...SERVER_CASES,
  ...CLIENT_CASES,
  ...GOSSIPING_CASES,
  ...LAST_CASES
]
