// The command as the README has it, against a node of ours: it starts each time, and each time runs its cases.
import assert from 'node:assert/strict'
import { createLiveChain } from '../support/live-nodes.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { startOften } from './starts.ts'

const STARTS = 1

describe('the command of the README', function () {
  this.timeout(180_000)
  const directory = useTemporaryDirectory()

  for (const [what, role] of [
    ['a sequencer with blocks', 'sequencer'],
    ['a backup at genesis', 'backup']
  ] as const) {
    it(`starts each time against ${what}`, async () => {
      const chain = await createLiveChain(directory.path)
      try {
        const live = await chain.place(role)
        await chain.start(live, { role, quorum: 'none' })
        const faults = await startOften(live.multiaddr, 901n, STARTS)
        assert.deepEqual(faults, [])
      } finally {
        await chain.stopAll()
      }
    })
  }
})
