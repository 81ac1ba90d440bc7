// When the record is asked to drop messages: every 256 heads, once a quorum's head is known.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { createRecordPruning, type PruneHeads } from '../../../src/signer/record-prune.ts'

describe('the pruning of the record', () => {
  it('looks every 256 blocks, and not before a quorum has told its head', () => {
    const asked: PruneHeads[] = []
    const known: { replicated: bigint | undefined } = { replicated: undefined }
    const record = {
      async prune(heads: PruneHeads) {
        asked.push(heads)
      }
    }
    const onHead = createRecordPruning(record, () => known.replicated, silentLog)
    onHead({ number: 256n })
    assert.deepEqual(asked, [])
    known.replicated = 500n
    for (const number of [511n, 512n, 513n]) onHead({ number })
    assert.deepEqual(asked, [{ persisted: 512n, replicated: 500n }])
  })

  it('goes on when the record could not be written, and says so', async () => {
    const warned: string[] = []
    const log = { ...silentLog, warn: (event: string) => void warned.push(event) }
    const record = { prune: () => Promise.reject(new Error('EIO')) }
    createRecordPruning(record, () => 1n, log)({ number: 256n })
    await Promise.resolve()
    await Promise.resolve()
    assert.deepEqual(warned, ['record-not-pruned'])
  })
})
