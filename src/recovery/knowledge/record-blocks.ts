// The signed record as recovery reads it: each message verified when it is asked for.
import { type SignedRecord } from '../../signer/signed-record.ts'
import { type VerifyMessage } from '../../sync/protocols/asking.ts'
import { type RecoveryRecord } from './ports.ts'

/** Without a record every question is answered as "off". */
export function recoveryRecord(
  record: SignedRecord | undefined,
  verify: VerifyMessage
): RecoveryRecord {
  if (record === undefined) {
    return {
      finding: () => ({ kind: 'off' }),
      hashAt: () => undefined,
      blocksAbove: () => [],
      adopt: () => Promise.resolve(),
      heightsAbove: () => [],
      release: () => Promise.resolve()
    }
  }
  return {
    finding: () => record.finding(),
    hashAt: (number) => record.hashAt(number),
    *blocksAbove(number) {
      for (const block of record.blocksAbove(number)) yield verify(block)
    },
    adopt: (head) => record.adopt(head),
    heightsAbove: (number) => [...record.heightsAbove(number)],
    async release(above) {
      if (record.tip !== undefined) await record.release(above, record.tip.hash)
    }
  }
}
