// Every case of the suite, in the order in which they are run: gossip last, for it leaves blocks behind.
import { DIALLED_CASES } from './cases/dialled-cases.ts'
import { DIFF_CASES } from './cases/diff-cases.ts'
import { DIFF_CONTENT_CASES } from './cases/diff-content-cases.ts'
import { FRAMING_ANSWER_CASES, FRAMING_CASES } from './cases/framing-cases.ts'
import { GOSSIP_CASES } from './cases/gossip-cases.ts'
import { HASH_CASES, HASH_GOSSIP_CASES } from './cases/hash-cases.ts'
import { MESSAGE_CASES, MESSAGE_GOSSIP_CASES } from './cases/message-cases.ts'
import { RANGE_CASES } from './cases/range-cases.ts'
import { STATUS_CASES } from './cases/status-cases.ts'
import { TIP_CASES, TIP_GOSSIP_CASES } from './cases/tip-cases.ts'
import { TRANSPORT_CASES } from './cases/transport-cases.ts'
import { WALK_CASES } from './cases/walk-cases.ts'
import { type ConformanceCase } from './conformance-case.ts'

/** The node is asked. */
export const SERVER_CASES: readonly ConformanceCase[] = [
  ...TRANSPORT_CASES,
  ...FRAMING_CASES,
  ...FRAMING_ANSWER_CASES,
  ...STATUS_CASES,
  ...RANGE_CASES,
  ...HASH_CASES,
  ...DIFF_CASES,
  ...DIFF_CONTENT_CASES,
  ...TIP_CASES,
  ...MESSAGE_CASES
]

/** What an answer with blocks by hash, or with diffs, can break. */
export const HASH_AND_DIFF_CASES: readonly ConformanceCase[] = [
  ...FRAMING_ANSWER_CASES,
  ...HASH_CASES,
  ...DIFF_CASES,
  ...DIFF_CONTENT_CASES,
  ...MESSAGE_CASES
]

/** The node asks. */
export const CLIENT_CASES: readonly ConformanceCase[] = [...WALK_CASES, ...DIALLED_CASES]

/** The node hears blocks, and passes them on. */
export const GOSSIPING_CASES: readonly ConformanceCase[] = [
  ...TIP_GOSSIP_CASES,
  ...HASH_GOSSIP_CASES,
  ...MESSAGE_GOSSIP_CASES,
  ...GOSSIP_CASES
]

/** All cases. */
export const ALL_CASES: readonly ConformanceCase[] = [
  ...SERVER_CASES,
  ...CLIENT_CASES,
  ...GOSSIPING_CASES
]
