// The command as the README has it, against a node of ours: it starts each time, and each time runs its cases.
import assert from 'node:assert/strict'
import { createLiveChain } from '../support/live-nodes.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { startOften } from '../../protocols/conformance/starts.ts'

const STARTS = 1

describe('the command of the README', function () {
  this.timeout(180_000)
  const directory = useTemporaryDirectory()

  it('starts each time, against a sequencer with blocks and against a backup at genesis', async () => {
    const chain = await createLiveChain(directory.path)
    // Side by side: a run mostly waits for what must not come.
    const faultsOf = async (role: 'sequencer' | 'backup') => {
      const live = await chain.place(role)
      await chain.start(live, { role, quorum: 'none' })
      return startOften(live.multiaddr, 901n, STARTS)
    }
    try {
      const faults = await Promise.all([faultsOf('sequencer'), faultsOf('backup')])
      assert.deepEqual(faults, [[], []])
    } finally {
      await chain.stopAll()
    }
  })
})
