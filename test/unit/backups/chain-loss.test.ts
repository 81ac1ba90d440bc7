// A chain database that may have lost something: a backup joins, a sequencer asks all, until its gate is open.
import assert from 'node:assert/strict'
import { openChainLoss, quorumAfterLoss, settlingLoss } from '../../../src/backups/chain-loss.ts'
import { storedJoining } from '../../../src/backups/joining.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'

describe('the loss of what chain/ held', () => {
  it('is kept over restarts, and makes a backup join', async () => {
    const store = createMemoryStore()
    assert.equal(openChainLoss(store).isLost, false)
    await openChainLoss(store).note()
    assert.equal(openChainLoss(store).isLost, true)
    assert.equal(storedJoining(store).load(), true)
  })
  it('takes the answers of all, but where an operator asks for none', () => {
    for (const quorum of ['auto', 'all', 1] as const) {
      assert.equal(quorumAfterLoss(quorum, true), 'all')
      assert.equal(quorumAfterLoss(quorum, false), quorum)
    }
    assert.equal(quorumAfterLoss('none', true), 'none')
  })
  it('is made good when the gate is open, and not before its set of backups is settled', async () => {
    const store = createMemoryStore()
    const loss = openChainLoss(store)
    await loss.note()
    const calls: string[] = []
    const adopted = {
      load: () => [['a']],
      announce: async () => void calls.push('announce'),
      settle: async () => void calls.push(`settle, lost: ${String(loss.isLost)}`)
    }
    const settling = settlingLoss(adopted, loss)
    assert.deepEqual(settling.load(), [['a']])
    await settling.announce(['a'])
    assert.equal(loss.isLost, true)
    await settling.settle()
    assert.equal(loss.isLost, false)
    assert.deepEqual(calls, ['announce', 'settle, lost: true'])
  })
})
