// Nodes by their hash in LevelDB, as @ethereumjs/mpt wants its database: what the baselines stand on.
import { type BatchDBOp, type DB } from '@ethereumjs/util'
import { ClassicLevel } from 'classic-level'
import { keccak256 } from '../../src/base/keccak.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../src/store/keys.ts'

/** The same as the node's own store has for reads, and for writes. */
const LEVEL_OPTIONS = { cacheSize: 16 * 2 ** 20, writeBufferSize: 4 * 2 ** 20 }
/** What @ethereumjs/statemanager puts in front of the hash of a code. */
const CODE_PREFIX = 'c'.charCodeAt(0)
/** Nodes that are copied with one batch. */
const COPY_BATCH = 5_000

type Level = ClassicLevel<Uint8Array, Uint8Array>
type Value = string | Uint8Array

/** A database of bytes; keys come in hex and are stored as bytes, as our own are. Batches are synced, as ours are. */
export class HashedNodes implements DB<string, Value> {
  readonly #level: Level

  constructor(level: Level) {
    this.#level = level
  }

  /** In a directory that may be new. */
  static async at(directory: string): Promise<HashedNodes> {
    const level: Level = new ClassicLevel(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      ...LEVEL_OPTIONS
    })
    await level.open()
    return new HashedNodes(level)
  }

  /** Takes in all nodes and codes of a state store's database: the tries of one block, and nothing older. */
  async copyFrom(store: Pick<KeyValueStore, 'iterate'>): Promise<void> {
    let operations: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = []
    const { accountNode, storageNode, code } = STATE_PREFIX
    for (const prefix of [accountNode, storageNode, code]) {
      const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
      for await (const [, value] of store.iterate(range)) {
        const hash = keccak256(value)
        const key = prefix === code ? Uint8Array.of(CODE_PREFIX, ...hash) : hash
        operations.push({ type: 'put', key, value })
        if (operations.length < COPY_BATCH) continue
        await this.#level.batch(operations)
        operations = []
      }
    }
    await this.#level.batch(operations, { sync: true })
  }

  /** Without waiting: LevelDB's cache, and the way through its thread pool, which waits for nothing here. */
  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#level.getSync(toBytes(key)))
  }

  async put(key: string, value: Value): Promise<void> {
    await this.#level.put(toBytes(key), toValue(value))
  }

  async del(key: string): Promise<void> {
    await this.#level.del(toBytes(key))
  }

  async batch(operations: BatchDBOp<string, Value>[]): Promise<void> {
    await this.#level.batch(
      operations.map((operation) => {
        const key = toBytes(operation.key)
        return operation.type === 'del'
          ? { type: 'del', key }
          : { type: 'put', key, value: toValue(operation.value) }
      }),
      { sync: true }
    )
  }

  shallowCopy(): DB<string, Value> {
    return this
  }

  open(): Promise<void> {
    return this.#level.open()
  }

  async close(): Promise<void> {
    await this.#level.close()
  }
}

function toBytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

function toValue(value: Value): Uint8Array {
  return typeof value === 'string' ? toBytes(value) : value
}
