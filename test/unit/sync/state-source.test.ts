// Serving state under load: steps stay small, strangers keep to their share, and no configured peer waits for them.
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AnswerTurns, beginTurns, STEP_MS } from '../../../src/base/answer-turns.ts'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { createStateRanges, type ServedState } from '../../../src/state/state-ranges.ts'
import { createStateSource } from '../../../src/sync/protocols/state-source.ts'
import { createServedState, FIRST_KEY, LAST_KEY } from '../../support/served-state.ts'

const { signal } = new AbortController()
const READ_MS = 0.1
/** Reads of one step: its time, and the way to one leaf, which is not cut. */
const STEP_READS_MAX = STEP_MS / READ_MS + 2 * 64

describe('the steps of an answer', () => {
  it('end after a millisecond, however much is asked for', async () => {
    const { store, root, accounts } = await createServedState({
      accountsCount: 1_024,
      slotsCounts: [500]
    })
    let nowMs = 0
    let stepReads = 0
    const steps: number[] = []
    const read = () => {
      nowMs += READ_MS
      stepReads++
    }
    const state: ServedState = {
      code: (hash) => store.code(hash),
      viewOfRoot(asked) {
        const view = store.viewOfRoot(asked)
        return (
          view && {
            ...view,
            node(owner, path) {
              read()
              return view.node(owner, path)
            },
            account(hash) {
              read()
              return view.account(hash)
            }
          }
        )
      }
    }
    const nextStep = async () => {
      steps.push(stepReads)
      stepReads = 0
      await Promise.resolve()
    }
    const begin = (): Promise<AnswerTurns> =>
      beginTurns(
        { clock: { monotonicMs: () => nowMs }, nextStep, signal },
        { stepsMs: 1e9, wholeMs: 1e9 }
      )
    const ranges = createStateRanges(state)
    const whole = { root, origin: FIRST_KEY, limit: LAST_KEY, maxBytes: 2 ** 32 - 1 }
    const hashes = accounts.map(({ addressHash }) => addressHash)
    const paths = hashes.map((hash) => ({ account: FIRST_KEY, path: hash.map((it) => it & 15) }))
    await ranges.accountRange(whole, await begin())
    await ranges.storageRanges({ ...whole, accounts: hashes }, await begin())
    await ranges.trieNodes({ ...whole, paths }, await begin())
    assert.ok(steps.length > 100, `${String(steps.length)} steps`)
    assert.ok(Math.max(...steps) <= STEP_READS_MAX, `${String(Math.max(...steps))} reads`)
    assert.ok(store.viewOfRoot(bytesToHex(root)) !== undefined)
  })
})

describe('a flood of strangers', () => {
  it('waits for its share, and keeps no configured peer from its turns', async () => {
    let nowMs = 0
    const sleeping: number[] = []
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      sleep(ms) {
        sleeping.push(ms)
        return new Promise(() => undefined)
      }
    }
    const source = createStateSource({
      clock,
      state: { code: () => undefined, viewOfRoot: () => undefined },
      isConfigured: (peer) => peer === 'backup'
    })
    const strangers = await Promise.all(
      Array.from({ length: 64 }, (_, at) =>
        source.beginTurns({ peer: `stranger ${String(at)}`, signal })
      )
    )
    const pauses = strangers.map((turns) => {
      nowMs += STEP_MS
      return turns.pause()
    })
    assert.ok(pauses.every((pause) => pause !== undefined))
    await nextTurn()
    assert.equal(sleeping.length, 64)
    // A millisecond of each is four of pause for all: the last one waits for the pauses of 64.
    assert.ok(sleeping.at(-1)! >= 64 * 3, `${String(sleeping.at(-1))} ms`)
    const turns = await source.beginTurns({ peer: 'backup', signal })
    for (let step = 0; step < 100; step++) {
      nowMs += STEP_MS
      await turns.pause()
    }
    assert.equal(sleeping.length, 64)
  })
})
