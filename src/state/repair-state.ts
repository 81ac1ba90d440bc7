// The state database of a node that does not run, put right: out of what is left in it, else out of peers' states.
import { hexToBytes } from '../base/bytes.ts'
import { type Log } from '../base/log.ts'
import { createYielder } from '../base/yielder.ts'
import { type BatchOperation, type KeyValueStore } from '../store/key-value-store.ts'
import { codeKey, nodeKey, toOperation } from './entry-key.ts'
import { type EntrySource, fetchFromNewer, type PlacedNode, toNibbles } from './entry-source.ts'
import { type DamagedNode, NodeMender } from './node-mender.ts'
import { auditState, type AuditHooks, type DamagedEntry } from './state-audit.ts'

/** Nodes that are asked for with one request. */
const NODES_AT_ONCE_MAX = 256
/** Nodes and codes that one walk brings together; the next walk brings others. */
const DAMAGED_MAX = 65_536
/** Mended entries that are written in one batch. */
const WRITTEN_AT_ONCE_MAX = 1_000
/** So many in a row that no newer state has either: then no more are asked for this way. */
const NOT_NEWER_MAX = 64
/** A node can only be looked at once the one above it is whole: as many walks as a way has nodes. */
const WALKS_MAX = 2 * 65

/** What repairing needs. */
export interface StateRepairDeps {
  readonly store: KeyValueStore
  readonly log: Log
  /** Undefined where no peer is named. */
  readonly source: EntrySource | undefined
  readonly onProgress: AuditHooks['onProgress']
}

/** How many entries are whole again, by what told them. */
export interface StateRepaired {
  readonly fromDisk: number
  readonly fromPeers: number
}

/** Walks and mends until a walk finds nothing more that can be had. Throws StoreError. */
export async function repairState(
  deps: StateRepairDeps,
  signal: AbortSignal
): Promise<StateRepaired> {
  const repair = new Repair(deps, signal)
  for (let walk = 1; walk <= WALKS_MAX; walk++) {
    const isMore = await repair.walk()
    if (!isMore) break
  }
  return repair.done
}

class Repair {
  readonly #deps: StateRepairDeps
  readonly #signal: AbortSignal
  readonly #nodes: NodeMender
  readonly #yielder = createYielder()
  readonly done = { fromDisk: 0, fromPeers: 0 }
  #notNewer = 0

  constructor(deps: StateRepairDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
    this.#nodes = new NodeMender({ ...deps, isBuffered: () => false })
  }

  /** True when something below what was mended may be damaged too. */
  async walk(): Promise<boolean> {
    const { store, onProgress } = this.#deps
    const damaged: DamagedEntry[] = []
    const told = this.#writer('fromDisk')
    const { point } = await auditState(store, {
      onFault: () => undefined,
      onDamaged: (one) => {
        if (damaged.length < DAMAGED_MAX) damaged.push(one)
      },
      onProgress,
      mend: told.write
    })
    await told.end()
    if (point === undefined) return false
    const before = this.done.fromDisk + this.done.fromPeers
    const left = await this.#mendHere(damaged)
    await this.#fetchNodes(hexToBytes(point.root), left)
    await this.#fetchCodes(damaged)
    return this.done.fromDisk + this.done.fromPeers > before
  }

  /** Returns the nodes that nothing here tells. */
  async #mendHere(damaged: readonly DamagedEntry[]): Promise<readonly DamagedNode[]> {
    const left: DamagedNode[] = []
    for (const one of damaged) {
      if (one.kind !== 'node') continue
      const isMended = await this.#nodes.mendNode(one.node)
      if (isMended) this.done.fromDisk += 1
      else left.push(one.node)
      await this.#yielder.maybeYield()
    }
    return left
  }

  async #fetchNodes(root: Uint8Array, damaged: readonly DamagedNode[]): Promise<void> {
    const { source } = this.#deps
    if (source === undefined) return
    const fetched = this.#writer('fromPeers')
    for (let at = 0; at < damaged.length; at += NODES_AT_ONCE_MAX) {
      const wanted = damaged.slice(at, at + NODES_AT_ONCE_MAX).map(toPlaced)
      const nodes = await source.nodes(root, wanted, this.#signal)
      for (const [index, one] of wanted.entries()) {
        const node = nodes[index] ?? (await this.#fromNewer(source, one))
        if (node === undefined) continue
        const key = nodeKey(one.owner, damaged[at + index]!.path)
        await fetched.write(toOperation(key, node))
      }
    }
    await fetched.end()
  }

  async #fromNewer(source: EntrySource, wanted: PlacedNode): Promise<Uint8Array | undefined> {
    if (this.#notNewer === NOT_NEWER_MAX) return undefined
    const node = await fetchFromNewer(source, wanted, this.#signal)
    this.#notNewer = node === undefined ? this.#notNewer + 1 : 0
    return node
  }

  async #fetchCodes(damaged: readonly DamagedEntry[]): Promise<void> {
    const { source } = this.#deps
    if (source === undefined) return
    const fetched = this.#writer('fromPeers')
    for (const one of damaged) {
      if (one.kind !== 'code') continue
      const code = await source.code(one.codeHash, this.#signal)
      if (code !== undefined) await fetched.write(toOperation(codeKey(one.codeHash), code))
    }
    await fetched.end()
  }

  #writer(from: keyof StateRepaired) {
    const { store } = this.#deps
    let operations: BatchOperation[] = []
    const end = async () => {
      const batch = operations
      operations = []
      if (batch.length === 0) return
      await store.batch(batch, { sync: true })
      this.done[from] += batch.length
    }
    const write = async (operation: BatchOperation) => {
      operations.push(operation)
      if (operations.length >= WRITTEN_AT_ONCE_MAX) await end()
    }
    return { write, end }
  }
}

function toPlaced({ owner, path, expected }: DamagedNode): PlacedNode {
  return { owner, path: toNibbles(path), hash: hexToBytes(expected) }
}
