// After a power cut: state/ was synced, chain/ lost its newest blocks. Their state is kept, and the chain is whole again.
import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { auditChain } from '../../../src/chain/stored/chain-audit.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { createHeldBlocks, createOwnStatus } from '../../../src/node/own-status.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { CHAIN_DATABASE, STATE_DATABASE } from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { answerTip } from '../../../src/sync/protocols/answer-tip.ts'
import { EXECUTION_CHAIN_ID, executionGenesis } from '../../support/execution-chain.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  type ApplyNode,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from '../apply/apply-fixture.ts'
import { buildSignedChain, recover } from './power-cut-fixture.ts'

/** What chain/ still has, what the state on disk is of, and the last block there is. */
const KEPT = 4
const FLUSHED = 9
const LENGTH = 12
const HEIGHTS = Array.from({ length: LENGTH }, (_, index) => BigInt(index + 1))

let genesis: Block
let blocks: readonly SignedBlock[]
let peer: ApplyNode

async function applyAll(node: ApplyNode, all: readonly SignedBlock[]): Promise<void> {
  for (const block of all) {
    await node.accepted.accept([block])
    await node.applier.apply(block)
  }
}

/** A node that applied everything, flushed its state, and was cut off from power. */
async function cutOff(): Promise<NodeStores> {
  const stores = createNodeStores()
  const node = await openApplyNode(stores, genesis)
  await applyAll(node, blocks.slice(0, FLUSHED))
  await node.state.flushAll(blocks[FLUSHED - 1]!.hash)
  const { chain } = createNodeStores()
  const { applier, accepted } = await openApplyNode({ ...createNodeStores(), chain }, genesis)
  await applyAll({ ...node, applier, accepted }, blocks.slice(0, KEPT))
  return { chain, state: stores.state }
}

function withReceipts(node: ApplyNode): readonly bigint[] {
  return HEIGHTS.filter((number) => {
    const { hash } = blocks[Number(number) - 1]!
    return node.blocks.receipts(hash)?.length === 1
  })
}

async function assertWhole(node: ApplyNode, chain: KeyValueStore): Promise<void> {
  const tip = blocks[LENGTH - 1]!
  assert.deepEqual(node.applier.head(), tip)
  assert.equal(node.state.view(tip.hash)?.root, tip.stateRoot)
  const faults: unknown[] = []
  const schedule = createSignerSchedule(executionGenesis().config.signers)
  const hooks = {
    onFault: (fault: unknown) => faults.push(fault),
    onProgress: () => Promise.resolve()
  }
  await auditChain(chain, { chainId: EXECUTION_CHAIN_ID, schedule }, hooks)
  assert.deepEqual(faults, [])
}

describe('a power cut that chain/ did not survive whole', () => {
  before(async () => {
    const chain = await buildSignedChain(LENGTH)
    genesis = chain.genesis
    blocks = chain.blocks
    peer = await openApplyNode(createNodeStores(), genesis)
    await applyAll(peer, blocks)
  })

  const directory = useTemporaryDirectory()

  it('is mended from a peer in LevelDB, without executing what the state on disk has behind it', async () => {
    const [chainPath, statePath] = ['chain', 'state'].map((name) => join(directory.path, name))
    const copyPath = join(directory.path, 'copy')
    const open = async () => ({
      chain: await openLevelStore(chainPath!, CHAIN_DATABASE),
      state: await openLevelStore(statePath!, STATE_DATABASE)
    })
    const close = async ({ chain, state }: NodeStores) => {
      await chain.close()
      await state.close()
    }
    const first = await open()
    await applyAll(await openApplyNode(first, genesis), blocks.slice(0, KEPT))
    await close(first)
    await cp(chainPath!, copyPath, { recursive: true })
    const second = await open()
    const killed = await openApplyNode(second, genesis)
    for (const { number } of blocks.slice(0, KEPT)) await killed.applier.replay(number)
    await applyAll(killed, blocks.slice(KEPT, FLUSHED))
    await killed.state.flushAll(blocks[FLUSHED - 1]!.hash)
    await applyAll(killed, blocks.slice(FLUSHED))
    await close(second)
    await rm(chainPath!, { recursive: true })
    await cp(copyPath, chainPath!, { recursive: true })

    const stores = await open()
    try {
      const node = await openApplyNode(stores, genesis)
      assert.equal(node.applier.head().number, BigInt(KEPT))
      assert.equal(node.state.diskPoint()?.number, BigInt(FLUSHED))
      const { report, events } = await recover(node, { node: peer, keepsDiffs: true })
      assert.deepEqual(events, [])
      const items = new Map(report?.stages.map((stage) => [stage.name, stage.items]))
      assert.equal(items.get('link-blocks'), FLUSHED - KEPT)
      assert.equal(items.get('apply-blocks'), LENGTH - FLUSHED)
      assert.equal(items.get('rebuild-state'), undefined)
      await assertWhole(node, stores.chain)
      assert.equal(node.blocks.oldestDiff(), BigInt(FLUSHED + 1), 'below it there is a gap')
    } finally {
      await close(stores)
    }
  })

  it('ends in the same chain wherever the node is killed while it mends that', async () => {
    for (let writesCount = 0; ; writesCount++) {
      const stores = await cutOff()
      let left = writesCount
      const failing: KeyValueStore = {
        get: (key) => stores.chain.get(key),
        iterate: (range) => stores.chain.iterate(range),
        snapshot: () => stores.chain.snapshot(),
        close: () => stores.chain.close(),
        async batch(operations, options) {
          if (left-- <= 0) throw new Error('killed')
          await stores.chain.batch(operations, options)
        }
      }
      const dying = await openApplyNode({ ...stores, chain: failing }, genesis)
      const isKilled = await recover(dying, { node: peer, keepsDiffs: true }).then(
        () => false,
        () => true
      )
      const node = await openApplyNode(stores, genesis)
      const { events } = await recover(node, { node: peer, keepsDiffs: true })
      assert.deepEqual(events, [], `killed at write ${String(writesCount)}`)
      await assertWhole(node, stores.chain)
      if (isKilled) continue
      assert.ok(writesCount > LENGTH, `${String(writesCount)} writes in all`)
      return
    }
  })

  it('is owned to: until then the node neither agrees by its silence nor offers that state', async () => {
    const stores = await cutOff()
    const node = await openApplyNode(stores, genesis)
    const chain = { ...node, stores: { ...node, genesis } }
    const { config } = executionGenesis()
    const clock = systemClock
    const replicatedHead = () => undefined
    const status = createOwnStatus({ clock, chain, config, role: 'backup', replicatedHead })
    const held = createHeldBlocks(chain, () => false)
    const ask = (at: number) => {
      const { number, hash } = blocks[at - 1]!
      return answerTip(held, { number, hash: hexToBytes(hash) }).relation
    }
    assert.deepEqual(
      [ask(KEPT - 1), ask(KEPT), ask(LENGTH)],
      ['ahead', 'unavailable', 'unavailable']
    )
    assert.equal(status().oldestState, undefined)
    await recover(node, { node: peer, keepsDiffs: true })
    assert.deepEqual([ask(LENGTH - 1), ask(LENGTH)], ['ahead', 'same'])
    assert.equal(status().oldestState, BigInt(FLUSHED))
  })

  it('leaves blocks without receipts where no peer keeps their diffs, and says so', async () => {
    const stores = await cutOff()
    const node = await openApplyNode(stores, genesis)
    const { events } = await recover(node, { node: peer, keepsDiffs: false })
    assert.deepEqual(events, ['receipts-missing'])
    assert.deepEqual(node.applier.head(), blocks[LENGTH - 1])
    assert.deepEqual(withReceipts(node), [1n, 2n, 3n, 4n, 10n, 11n, 12n])
  })
})
