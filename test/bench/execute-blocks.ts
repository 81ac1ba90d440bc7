// Importing blocks of 200 transfers, root and receipts checked, on disk: our chain against the stock library.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SignedBlock } from '../../src/chain/blocks/block.ts'
import { type Bench, benchLine } from './bench-line.ts'
import { HashedNodes } from './hashed-nodes.ts'
import { copyNodes, LevelChain } from './level-chain.ts'
import { StockVm } from './stock-vm.ts'
import { TransferGenesis, type TransferKind, type TransferShape } from './transfer-genesis.ts'

/** Four and five times as fast. */
const TARGETS: Readonly<Record<TransferKind, number>> = { erc20: 0.25, transfers: 0.2 }
/** The targets are for blocks of 200. */
const SIZES = [1_000, 10_000, 100_000].map((accountsCount): TransferShape => ({
  accountsCount,
  blockTransactions: 200
}))
const SMALLEST: TransferShape = { accountsCount: 100, blockTransactions: 10 }
/** Blocks of one measurement. */
const BLOCKS = 2

/** Both sides import the same blocks in turn; each has the chain so far on disk and in its caches. */
export function createExecuteBench(kind: TransferKind): Bench {
  return async function* ({ isSmallest, times }) {
    for (const shape of isSmallest ? [SMALLEST] : SIZES) {
      const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
      try {
        const { ours, baseline } = await measure({ directory, kind, shape, times })
        const size = `${String(shape.blockTransactions)} a block, ${String(shape.accountsCount)} accounts`
        const facts = { bench: `execute-${kind}`, size, unit: 'ms per block' }
        yield benchLine({ ...facts, target: TARGETS[kind] }, ours, baseline)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    }
  }
}

async function measure({
  directory,
  kind,
  shape,
  times
}: {
  readonly directory: string
  readonly kind: TransferKind
  readonly shape: TransferShape
  readonly times: number
}) {
  const transfers = await TransferGenesis.create(kind, shape)
  const { genesis } = transfers
  const [builderDir, importDir] = [join(directory, 'builder'), join(directory, 'import')]
  await (await LevelChain.open(builderDir, genesis)).close()
  await cp(builderDir, importDir, { recursive: true })
  const nodes = await HashedNodes.at(join(directory, 'nodes'))
  await copyNodes(builderDir, nodes)
  // The first group warms both sides up and does not count.
  const groups = await buildGroups(builderDir, transfers, times + 1)
  const chain = await LevelChain.open(importDir, genesis)
  try {
    const vm = await StockVm.open(nodes, chain.applier.head(), genesis.config.chainId)
    const ours: number[] = []
    const baseline: number[] = []
    for (const [round, blocks] of groups.entries()) {
      const startMs = performance.now()
      await chain.import(blocks)
      const betweenMs = performance.now()
      for (const block of blocks) await vm.run(block)
      const endMs = performance.now()
      if (round === 0) continue
      ours.push((betweenMs - startMs) / BLOCKS)
      baseline.push((endMs - betweenMs) / BLOCKS)
    }
    return { ours, baseline }
  } finally {
    await chain.close()
    await nodes.close()
  }
}

async function buildGroups(
  directory: string,
  transfers: TransferGenesis,
  groupsCount: number
): Promise<SignedBlock[][]> {
  const builder = await LevelChain.open(directory, transfers.genesis)
  try {
    const groups: SignedBlock[][] = []
    while (groups.length < groupsCount) {
      const blocks: SignedBlock[] = []
      while (blocks.length < BLOCKS) blocks.push(await builder.build(transfers.nextTransactions()))
      groups.push(blocks)
    }
    return groups
  } finally {
    await builder.close()
  }
}
