// Copies of data directories: what was kept comes back as it was, as often as it is asked for.
import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  removeRecord,
  restoreDataDirectory,
  saveDataDirectory
} from '../../../devnet/cluster/directory-copies.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('copies of data directories', () => {
  const temporary = useTemporaryDirectory()

  async function open() {
    const directory = temporary.path
    const node = {
      name: 'sequencer',
      dataDir: join(directory, 'sequencer'),
      recordFile: join(directory, 'record')
    }
    await mkdir(join(node.dataDir, 'chain'), { recursive: true })
    await writeFile(join(node.dataDir, 'chain', '1'), 'old')
    await writeFile(node.recordFile, 'record')
    return { directory, node }
  }

  it('come back without what came later, again and again', async () => {
    const { directory, node } = await open()
    await saveDataDirectory({ directory }, node, 'old')
    for (let time = 0; time < 2; time++) {
      await writeFile(join(node.dataDir, 'chain', '1'), 'new')
      await writeFile(join(node.dataDir, 'chain', '2'), 'new')
      await restoreDataDirectory({ directory }, node, { owner: node, label: 'old' })
      assert.deepEqual(await readdir(join(node.dataDir, 'chain')), ['1'])
      assert.equal(await readFile(join(node.dataDir, 'chain', '1'), 'utf8'), 'old')
    }
    assert.equal(await readFile(node.recordFile, 'utf8'), 'record')
  })

  it('leave the data directory alone when there is no such copy', async () => {
    const { directory, node } = await open()
    const copy = { owner: node, label: 'never' }
    await assert.rejects(restoreDataDirectory({ directory }, node, copy), { code: 'ENOENT' })
    assert.deepEqual(await readdir(join(node.dataDir, 'chain')), ['1'])
  })

  it('do without a record that is lost, and tell a node that keeps none', async () => {
    const { node } = await open()
    await removeRecord(node)
    await assert.rejects(readFile(node.recordFile), { code: 'ENOENT' })
    await assert.rejects(
      removeRecord({ name: 'backup-1', recordFile: undefined }),
      /keeps no record/
    )
  })
})
