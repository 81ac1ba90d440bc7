// The command of the conformance suite as the README has it: it starts every time, against a sequencer and a backup.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOften } from '../../protocols/conformance/starts.ts'
import { createLiveChain } from '../support/live-nodes.ts'
import { type SoakPart } from './soak-part.ts'

const STARTS = 50
const CHAIN_ID = 901n

/** Fifty starts for each role. */
export const CONFORMANCE_STARTS_PARTS: readonly SoakPart[] = (['sequencer', 'backup'] as const).map(
  (role) => ({
    name: `starts-${role}`,
    run: async ({ slots }) => {
      const faults = await slots(() => startAgainst(role))
      const value = { starts: STARTS, faults }
      return [
        {
          criterion: `conformance starts against a ${role}`,
          ok: faults.length === 0,
          value,
          limit: 0
        }
      ]
    }
  })
)

async function startAgainst(role: 'sequencer' | 'backup'): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-starts-'))
  const chain = await createLiveChain(directory)
  try {
    const live = await chain.place(role)
    await chain.start(live, { role, quorum: 'none' })
    return await startOften(live.multiaddr, CHAIN_ID, STARTS)
  } finally {
    await chain.stopAll()
    await rm(directory, { recursive: true })
  }
}
