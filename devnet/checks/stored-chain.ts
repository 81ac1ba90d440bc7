// The canonical chain as a chain database holds it: each block's own facts, read and not judged.
import { type Hex } from '../../src/base/bytes.ts'
import { BlockReader } from '../../src/chain/stored/block-reader.ts'
import { readCanonical, readHead } from '../../src/chain/stored/canonical-entries.ts'
import { headerHash } from '../../src/chain/blocks/header.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../src/chain/blocks/verify-message.ts'
import { type KeyValueReader } from '../../src/store/key-value-store.ts'
import { type ClusterLayout } from '../cluster/cluster-layout.ts'
import { describeError } from '../cluster/condition.ts'
import { type BlockFacts } from '../cluster/messages.ts'

/** One canonical block on disk. */
export interface StoredBlock {
  readonly number: number
  /** As the canonical index names it. */
  readonly hash: Hex
  /** Computed from the stored header. */
  readonly headerHash: Hex
  readonly headerNumber: number
  readonly parentHash: Hex
  readonly stateRoot: Hex
  /** What the signed message proves: the hash it is of, nothing where none is stored, or why it proves nothing. */
  readonly message: { readonly proves: Hex } | 'none' | { readonly fault: string }
}

/** From genesis to the head; a height with no block ends it. */
export interface StoredChain {
  readonly head: BlockFacts
  readonly blocks: readonly StoredBlock[]
}

/** Reads it all. Throws what the stores throw for entries that are not whole. */
export function readStoredChain(
  store: Pick<KeyValueReader, 'get' | 'iterate'>,
  { genesis, chainId }: Pick<ClusterLayout, 'genesis' | 'chainId'>
): StoredChain {
  const reader = new BlockReader(store)
  const rules = { chainId, schedule: createSignerSchedule(genesis.config.signers) }
  const head = readHead(store, reader)
  const blocks: StoredBlock[] = []
  for (let number = 0n; number <= head.number; number++) {
    const hash = readCanonical(store, number)
    const block = hash && reader.block(hash)
    if (hash === undefined || block === undefined) break
    blocks.push({
      number: Number(number),
      hash,
      headerHash: headerHash(block.header),
      headerNumber: Number(block.header.number),
      parentHash: block.parentHash,
      stateRoot: block.stateRoot,
      message: provenBy(reader, hash, rules)
    })
  }
  return { head: { number: Number(head.number), hash: head.hash }, blocks }
}

function provenBy(
  reader: BlockReader,
  hash: Hex,
  rules: Parameters<typeof verifyBlockMessage>[0]
): StoredBlock['message'] {
  const stored = reader.message(hash)
  if (stored === undefined) return 'none'
  try {
    return { proves: verifyBlockMessage(rules, stored.version, stored.message).hash }
  } catch (thrown) {
    return { fault: describeError(thrown) }
  }
}
