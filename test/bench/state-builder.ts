// Builds the state of a genesis on disk from its leaves, without a node: what joining is held against.
import { mkdir } from 'node:fs/promises'
import { silentLog } from '../../src/base/log.ts'
import { genesisChanges } from '../../src/execution/genesis-state.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { STATE_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { usedSoFar, writeAnswer } from './bench-process.ts'
import { bulkGenesis } from './bulk-chain.ts'

/** What it took, without making up the leaves. */
export interface StateBuilt {
  readonly elapsedMs: number
  readonly cpuMs: number
}

/** Tries, flat entries and codes, written as a node has them. Answers with StateBuilt. */
export async function buildState({
  dataDir,
  accountsCount
}: {
  readonly dataDir: string
  readonly accountsCount: number
}): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const changes = genesisChanges(bulkGenesis(accountsCount).alloc)
  const store = await openLevelStore(dataDir, STATE_DATABASE)
  const [startedMs, before] = [performance.now(), usedSoFar()]
  const state = new StateStore({ store, log: silentLog })
  await state.resetToGenesis({ changes, number: 0n, hash: '0x' })
  const [elapsedMs, after] = [performance.now() - startedMs, usedSoFar()]
  writeAnswer({ elapsedMs, cpuMs: after.cpuMs - before.cpuMs })
  await store.close()
}
