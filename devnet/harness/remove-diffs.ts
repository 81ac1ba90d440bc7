// Loses the state diffs of a node whose process is gone; blocks and receipts stay.
import { join } from 'node:path'
import { type BatchOperation } from '../../src/store/key-value-store.ts'
import { CHAIN_DATABASE, CHAIN_PREFIX } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { type NodeLayout } from '../cluster/cluster-layout.ts'

/** Throws StoreError while the node runs, and Error when it had none: then nothing would be shown. */
export async function removeDiffs({ name, dataDir }: NodeLayout): Promise<void> {
  const store = await openLevelStore(join(dataDir, 'chain'), CHAIN_DATABASE)
  try {
    const operations: BatchOperation[] = []
    const start = Uint8Array.of(CHAIN_PREFIX.diff)
    const end = Uint8Array.of(CHAIN_PREFIX.diff + 1)
    for await (const [key] of store.iterate({ start, end })) operations.push({ type: 'del', key })
    if (operations.length === 0) throw new Error(`${name} keeps no state diffs`)
    await store.batch(operations, { sync: true })
  } finally {
    await store.close()
  }
}
