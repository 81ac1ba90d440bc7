// What a stopped node left on disk, read from its files; nothing is written, nothing is judged.
import { join } from 'node:path'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { CHAIN_DATABASE, type DatabaseSchema, STATE_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { type ClusterLayout, type NodeLayout } from '../cluster/cluster-layout.ts'
import { describeError } from '../cluster/condition.ts'
import { readStoredChain, type StoredChain } from './stored-chain.ts'
import { readStoredJournal, type StoredJournal } from './stored-journal.ts'
import { readStoredRecord, type StoredRecord } from '../cluster/stored-record.ts'
import { readStoredState, type StoredState } from './stored-state.ts'

/** One part of a node's files; what kept it from being read is a fact too. */
export type Stored<T> = { readonly read: T } | { readonly fault: string }

/** All that a node left. */
export interface StoredNode {
  readonly name: string
  /** False when it was killed last: its newest state may be lost then, and nothing else. */
  readonly wasStopped: boolean
  readonly chain: Stored<StoredChain>
  readonly state: Stored<StoredState | undefined>
  /** Layers of state above that of the database; undefined in it: there is no such file. */
  readonly journal: Stored<StoredJournal | undefined>
  /** Undefined where the node keeps none. */
  readonly record: Stored<StoredRecord> | undefined
}

/** Reads the files of a node whose process is gone. Never rejects. */
export async function readStoredNode(
  { name, dataDir, recordFile }: NodeLayout,
  wasStopped: boolean,
  layout: ClusterLayout
): Promise<StoredNode> {
  const chain = await readStore(join(dataDir, 'chain'), CHAIN_DATABASE, async (store) =>
    readStoredChain(store, layout)
  )
  const state = await readStore(join(dataDir, 'state'), STATE_DATABASE, readStoredState)
  const journal = await attempt(() => readStoredJournal(join(dataDir, 'journal', 'layers')))
  const record =
    recordFile === undefined ? undefined : await attempt(() => readStoredRecord(recordFile))
  return { name, wasStopped, chain, state, journal, record }
}

async function readStore<T>(
  path: string,
  schema: DatabaseSchema,
  read: (store: KeyValueStore) => Promise<T>
): Promise<Stored<T>> {
  return attempt(async () => {
    const store = await openLevelStore(path, schema)
    try {
      return await read(store)
    } finally {
      await store.close()
    }
  })
}

async function attempt<T>(read: () => Promise<T>): Promise<Stored<T>> {
  try {
    return { read: await read() }
  } catch (thrown) {
    return { fault: describeError(thrown) }
  }
}
