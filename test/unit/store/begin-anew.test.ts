// A database whose content can be had again, put aside while it is open: reads say so meanwhile, writes wait for the new one.
import assert from 'node:assert/strict'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '../../../src/base/log.ts'
import { openPatientStore } from '../../../src/store/patient-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const KEY = Uint8Array.of(110, 1)
const put = (value: number) => [{ type: 'put' as const, key: KEY, value: Uint8Array.of(value) }]

describe('a database that is begun anew while it is open', () => {
  const temporary = useTemporaryDirectory()
  it('holds what was written from then on, and what it held lies aside', async () => {
    const path = join(temporary.path, 'db')
    const aside = join(temporary.path, 'aside')
    const store = await openPatientStore(
      path,
      { name: 'test', schemaVersion: 1 },
      {
        clock: createManualClock(),
        log: silentLog,
        isPatient: () => false,
        signal: new AbortController().signal,
        onWaiting: () => undefined
      }
    )
    await store.batch(put(1), { sync: true })
    let late: Promise<void> | undefined
    await store.beginAnew(async () => {
      assert.throws(
        () => store.get(KEY),
        (thrown) => thrown instanceof StoreError && thrown.failure.code === 'store-reopening'
      )
      late = store.batch(put(2), { sync: true })
      await rename(path, aside)
    })
    await late
    assert.deepEqual(store.get(KEY), Uint8Array.of(2))
    assert.ok((await readdir(aside)).includes('CURRENT'))
    await store.close()
  })
})
