// Chains built offline: as long, as full and with as much state as asked, sound on disk, and extended where they end.
import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { buildChain, extendChain } from '../../../devnet/harness/build-chain.ts'
import { copyData } from '../../../devnet/cluster/directory-copies.ts'
import { checkDbSound } from '../../../devnet/checks/db-sound.ts'
import { readStoredNode } from '../../../devnet/checks/stored-node.ts'
import { type ClusterLayout } from '../../../devnet/cluster/cluster-layout.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const BUILD_TIMEOUT_MS = 60_000
const shape = { blocksCount: 6, transactionsPerBlock: 7, calldataBytes: 300 }

describe('a chain built offline', function () {
  this.timeout(BUILD_TIMEOUT_MS)
  const temporary = useTemporaryDirectory()

  const build = async () =>
    buildChain({
      directory: join(temporary.path, 'cluster'),
      backupsCount: 1,
      blockTimeMs: 60_000,
      seed: 3,
      setup: { signedRecord: 'on', quorum: 'auto' },
      shape,
      accountsCount: 50,
      laterBlocks: 2
    })

  async function check(layout: ClusterLayout, wasStopped: boolean, hash: string) {
    const nodes = await Promise.all(
      layout.nodes.map((node) => readStoredNode(node, wasStopped, layout))
    )
    const result = checkDbSound(nodes, layout)
    assert.ok(result.ok, result.detail)
    for (const { chain } of nodes) {
      assert.ok('read' in chain)
      assert.equal(chain.read.head.hash, hash)
    }
    return nodes
  }

  it('is the same and sound in every data directory', async () => {
    const { layout, built } = await build()
    assert.equal(built.head.number, 6)
    assert.ok(built.messageBytes > 6 * 7 * 300, 'blocks are as large as asked')
    assert.equal(Object.keys(layout.genesis.alloc).length > 50, true)
    await check(layout, true, built.head.hash)
  })

  it('goes on where it ended, and leaves what a killed process leaves', async () => {
    const { layout } = await build()
    const [sequencer, backup] = layout.nodes
    assert.ok(sequencer !== undefined && backup !== undefined)
    const more = { ...shape, blocksCount: 2 }
    await cp(sequencer.dataDir, join(temporary.path, 'before'), { recursive: true })
    const options = { seed: 3, isStateKept: false }
    const built = await extendChain(sequencer.configFile, more, options)
    assert.equal(built.head.number, 8)
    await copyData(sequencer.dataDir, backup.dataDir)
    const [{ state, record }] = (await check(layout, false, built.head.hash)) as [
      Awaited<ReturnType<typeof readStoredNode>>
    ]
    assert.ok('read' in state && state.read?.number === 6, 'the last layers are lost')
    assert.ok(record !== undefined && 'read' in record, 'what was signed is on record')
  })

  it('is not built for a node that signs nothing', async () => {
    const { layout } = await build()
    const backup = layout.nodes[1]
    assert.ok(backup !== undefined)
    const options = { seed: 3, isStateKept: true }
    await assert.rejects(extendChain(backup.configFile, shape, options), /not a sequencer/)
  })
})
