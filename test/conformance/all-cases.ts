// Every case of the suite, in the order in which they are run: gossip last, for it leaves blocks behind.
import { DIALLED_CASES } from './cases/dialled-cases.ts'
import { FRAMING_CASES } from './cases/framing-cases.ts'
import { GOSSIP_CASES } from './cases/gossip-cases.ts'
import { MESSAGE_CASES } from './cases/message-cases.ts'
import { RANGE_CASES } from './cases/range-cases.ts'
import { STATUS_CASES } from './cases/status-cases.ts'
import { TIP_CASES, TIP_GOSSIP_CASES } from './cases/tip-cases.ts'
import { TRANSPORT_CASES } from './cases/transport-cases.ts'
import { type ConformanceCase } from './conformance-case.ts'

/** All cases. */
export const ALL_CASES: readonly ConformanceCase[] = [
  ...TRANSPORT_CASES,
  ...FRAMING_CASES,
  ...STATUS_CASES,
  ...RANGE_CASES,
  ...TIP_CASES,
  ...DIALLED_CASES,
  ...TIP_GOSSIP_CASES,
  ...MESSAGE_CASES,
  ...GOSSIP_CASES
]
