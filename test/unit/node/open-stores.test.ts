// Opening a node's databases: what lies beside them is not lost with them.
import assert from 'node:assert/strict'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PLACES } from '../../../src/config/node-directory.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { writeNodeFiles } from '../cli/exit-fixture.ts'

describe('opening the databases of a node', () => {
  const directory = useTemporaryDirectory()

  it('sets a journal aside, and deletes none unread, where the state that it stands on is gone', async () => {
    const node = await writeNodeFiles(directory.path, 'backup')
    const journalDir = join(node.dataDir, PLACES.journal)
    await node.stores(async ({ state, genesis, journal }) => {
      const layer = await state.prepare(genesis.hash, { accounts: [], codes: [] })
      const block = { number: 1n, hash: `0x${'11'.repeat(32)}` } as const
      state.add(layer, block)
      await state.flushAll(block.hash)
      await journal.write()
    })
    const bytes = await readFile(join(journalDir, 'layers'))
    await rm(join(node.dataDir, PLACES.state), { recursive: true })
    const finding = await node.stores(({ journalFinding }) => journalFinding)
    assert.equal(finding.kind, 'unusable')
    const [name] = await readdir(journalDir)
    assert.deepEqual(await readFile(join(journalDir, name ?? '')), bytes)
  })
})
