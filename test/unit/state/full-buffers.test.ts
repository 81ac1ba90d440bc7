// A disk that does not take a flush: memory stays bounded, the next block waits, and what is waited for is said.
import assert from 'node:assert/strict'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { type HeldBatches, holdBatches } from '../../support/held-batches.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { createManualClock, type ManualClock, settle } from '../../support/manual-clock.ts'
import { testHash } from '../../support/state-model.ts'

/** Blocks that fill a buffer here; no layer stays above the buffers. */
const BUFFER_BLOCKS = 2
const OWNER = testHash(1)

let held: HeldBatches
let clock: ManualClock
let state: StateStore
let logged: (readonly [event: string, fields: unknown])[]

describe('while the disk does not take a flush', () => {
  beforeEach(async () => {
    held = holdBatches(createMemoryStore())
    clock = createManualClock()
    logged = []
    const log: Log = {
      ...silentLog,
      warn: (event, fields) => void logged.push([event, fields]),
      info: (event, fields) => void logged.push([event, fields])
    }
    const options = { diffLayersMax: 0, writeBufferMaxBlocks: BUFFER_BLOCKS }
    state = new StateStore({ store: held.store, log, clock }, options)
    await state.resetToGenesis({ changes: nonceOf(0), number: 0n, hash: journalHash(0) })
    held.hold()
  })

  it('the next block has room until a second buffer is full, and then waits for the flush', async () => {
    for (let number = 1; number < 2 * BUFFER_BLOCKS; number++) {
      await addBlock(number)
      assert.equal(await isThereRoom(), true, `after block ${String(number)}`)
    }
    assert.deepEqual(logged, [])
    await addBlock(2 * BUFFER_BLOCKS)
    const room = state.room()
    assert.equal(await isThereRoom(), false)
    held.letGo()
    await room
    assert.equal(flushedNumber(), undefined)
    assert.equal(state.persistedPoint()?.number, BigInt(BUFFER_BLOCKS))
    await addBlock(2 * BUFFER_BLOCKS + 1)
    assert.equal(flushedNumber(), BigInt(2 * BUFFER_BLOCKS + 1), 'all that was merged')
    assert.equal(nonce(), BigInt(2 * BUFFER_BLOCKS + 1))
  })

  it('says what the block waits for, since when, and when that is over', async () => {
    await fillBoth()
    await clock.advance(1_500)
    assert.deepEqual(state.flushProgress, { number: 2n, elapsedMs: 1_500, isAwaited: false })
    const { bufferedBytes } = state
    const room = state.room()
    assert.deepEqual(state.flushProgress, { number: 2n, elapsedMs: 1_500, isAwaited: true })
    held.letGo()
    await room
    assert.deepEqual(logged, [
      ['flush-awaited', { number: 2n, bufferedBytes, buffersMax: 2 }],
      ['flush-over', { number: 2n }]
    ])
  })

  it('a failure ends the wait and is reported with the next block, which changes nothing', async () => {
    await fillBoth()
    const room = state.room()
    held.fail(new Error('no disk'))
    await room
    assert.equal(await isThereRoom(), true, 'nobody waits for what failed')
    await assert.rejects(addBlock(2 * BUFFER_BLOCKS + 1), /flush-failed.*no disk/)
    held.unhold()
    await assert.rejects(state.idle(), /flush-failed.*no disk/)
    assert.equal(state.persistedPoint()?.number, 0n, 'nothing is written past what failed')
    assert.equal(nonce(journalHash(2 * BUFFER_BLOCKS)), BigInt(2 * BUFFER_BLOCKS))
  })
})

async function fillBoth(): Promise<void> {
  for (let number = 1; number <= 2 * BUFFER_BLOCKS; number++) await addBlock(number)
}

async function addBlock(number: number): Promise<void> {
  const layer = await state.prepare(journalHash(number - 1), nonceOf(number))
  state.add(layer, { number: BigInt(number), hash: journalHash(number) })
  state.cap(journalHash(number))
}

async function isThereRoom(): Promise<boolean> {
  let isThere = false
  const room = async () => {
    await state.room()
    isThere = true
  }
  room().catch(assert.ifError)
  await settle()
  return isThere
}

/** The block of the flush that is under way. */
function flushedNumber(): bigint | undefined {
  return state.flushProgress?.number
}

function nonce(hash = state.diskPoint()!.hash): bigint | undefined {
  return state.view(hash)?.account(OWNER)?.nonce
}

function nonceOf(number: number) {
  const account = { nonce: BigInt(number), balance: 1n, codeHash: undefined }
  return {
    accounts: [{ addressHash: OWNER, account, storageCleared: false, slots: [] }],
    codes: []
  }
}
