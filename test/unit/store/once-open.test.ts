// Work on a database that is opened anew meanwhile: done again from its start once it is open, and given up with it.
import assert from 'node:assert/strict'
import { onceOpen } from '../../../src/store/once-open.ts'
import { StoreError } from '../../../src/store/store-error.ts'

const reopening = () => new StoreError({ code: 'store-reopening', path: 'db' })

/** Work whose reads throw until the database is open; how often it was begun. */
function readingWork(isOpen: () => boolean) {
  const work = {
    begunCount: 0,
    run: () => {
      work.begunCount++
      if (!isOpen()) throw reopening()
      return 'done'
    }
  }
  return work
}

describe('work on a database that is opened anew', () => {
  it('waits for it as a write does, and is done again', async () => {
    const opened = Promise.withResolvers<undefined>()
    let isOpen = false
    const work = readingWork(() => isOpen)
    const done = onceOpen({ batch: () => opened.promise }, work.run)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(work.begunCount, 1, 'it is not tried while nothing changes')
    isOpen = true
    opened.resolve(undefined)
    assert.equal(await done, 'done')
    assert.equal(work.begunCount, 2)
  })

  it('fails with what the database fails with when that is opened no more', async () => {
    const full = new StoreError({ code: 'disk-full', path: 'db' })
    const work = readingWork(() => false)
    await assert.rejects(onceOpen({ batch: () => Promise.reject(full) }, work.run), full)
    assert.equal(work.begunCount, 1)
  })

  it('fails with anything else at once', async () => {
    const closed = new StoreError({ code: 'store-closed', path: 'db' })
    const batch = () => Promise.reject(new Error('nothing is to be written'))
    await assert.rejects(
      onceOpen({ batch }, () => Promise.reject(closed)),
      closed
    )
  })

  it('ends where the database is opened anew again and again', async () => {
    const work = readingWork(() => false)
    await assert.rejects(onceOpen({ batch: () => Promise.resolve() }, work.run), StoreError)
    assert.equal(work.begunCount, 101)
  })
})
