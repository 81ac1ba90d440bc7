// Whether a chain database is sound: links, hashes, pointers, signatures, receipts, indexes.
import { bytesToHex, equalBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { errorMessage } from '../base/node-error.ts'
import { type KeyValueReader } from '../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, soleKey } from '../store/keys.ts'
import { type Block, type BlockRef } from './block.ts'
import { BlockReader } from './block-reader.ts'
import { readCanonical } from './block-store.ts'
import { readEntry } from './chain-entry.ts'
import { headerHash } from './header.ts'
import { decodeReceipts, receiptsRoot } from './receipt.ts'
import { type MessageRules, verifyBlockMessage } from './verify-message.ts'

/** One thing that is wrong, and at which block. */
export interface ChainFault {
  readonly number: bigint
  readonly hash: Hex | undefined
  readonly problem: string
}

/** What an audit found. */
export interface ChainAudit {
  readonly head: BlockRef | undefined
  /** Canonical blocks without a signature of their own, genesis not among them. */
  readonly unsignedCount: number
}

/** What an audit is told to do with what it finds. */
export interface ChainAuditHooks {
  readonly onFault: (fault: ChainFault) => void
  /** Called after each block; the audit waits for it. */
  readonly onProgress: (number: bigint, head: bigint) => Promise<void>
}

/** Walks the canonical chain from genesis to the head, and goes on beside each fault. Throws StoreError. */
export async function auditChain(
  store: Pick<KeyValueReader, 'get'>,
  rules: MessageRules,
  hooks: ChainAuditHooks
): Promise<ChainAudit> {
  const reader = new BlockReader(store)
  const head = findHead(store, reader, hooks)
  if (head === undefined) return { head: undefined, unsignedCount: 0 }
  let parent: Block | undefined
  let unsignedCount = 0
  for (let number = 0n; number <= head.number; number++) {
    const report = (problem: string, hash?: Hex) => {
      hooks.onFault({ number, hash, problem })
    }
    const block = attempt(() => readBlock(store, reader, number), report)
    if (block !== undefined) {
      const isSigned = auditBlock(store, { reader, rules, report }, block)
      if (!isSigned && number > 0n) unsignedCount += 1
      if (parent !== undefined && block.parentHash !== parent.hash) {
        report(`its parent is ${block.parentHash}, the block before it ${parent.hash}`, block.hash)
      }
      if (number === head.number && block.hash !== head.hash) {
        report(`the head pointer names ${head.hash}`, block.hash)
      }
    }
    parent = block
    await hooks.onProgress(number, head.number)
  }
  return { head, unsignedCount }
}

interface BlockAudit {
  readonly reader: BlockReader
  readonly rules: MessageRules
  readonly report: (problem: string, hash?: Hex) => void
}

function findHead(
  store: Pick<KeyValueReader, 'get'>,
  reader: BlockReader,
  { onFault }: ChainAuditHooks
): BlockRef | undefined {
  const report = (problem: string) => {
    onFault({ number: 0n, hash: undefined, problem: `the head pointer: ${problem}` })
  }
  return attempt(() => {
    const body = readEntry(store, 'head', soleKey(CHAIN_PREFIX.head))
    const block = body && reader.block(bytesToHex(body))
    if (block === undefined) {
      report(body === undefined ? 'there is none' : 'its block is missing')
      return undefined
    }
    return { number: block.number, hash: block.hash }
  }, report)
}

function readBlock(
  store: Pick<KeyValueReader, 'get'>,
  reader: BlockReader,
  number: bigint
): Block | undefined {
  const hash = readCanonical(store, number)
  if (hash === undefined) throw new Error('no block is canonical at this height')
  const block = reader.block(hash)
  if (block === undefined) throw new Error(`${hash} is canonical and not stored`)
  return block
}

/** True when the block carries a signature. */
function auditBlock(
  store: Pick<KeyValueReader, 'get'>,
  { reader, rules, report }: BlockAudit,
  block: Block
): boolean {
  const { number, hash, header, transactions } = block
  const computed = headerHash(header)
  if (computed !== hash) report(`its header hashes to ${computed}`, hash)
  if (number === 0n) return false
  attempt(
    () => {
      const body = readEntry(store, 'receipts', hashKey(CHAIN_PREFIX.receipts, hash))
      if (body === undefined) throw new Error('its receipts are missing')
      const root = receiptsRoot(decodeReceipts(body))
      if (!equalBytes(root, header.receiptsRoot)) throw new Error('its receipts give another root')
    },
    (problem) => {
      report(problem, hash)
    }
  )
  for (const raw of transactions) {
    const key = hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(raw)))
    if (store.get(key) === undefined) report(`a transaction of it is in no index`, hash)
  }
  return auditMessage({ reader, rules, report }, hash)
}

function auditMessage({ reader, rules, report }: BlockAudit, hash: Hex): boolean {
  const stored = reader.message(hash)
  if (stored === undefined) return false
  attempt(
    () => {
      const proven = verifyBlockMessage(rules, stored.version, stored.message)
      if (proven.hash !== hash) throw new Error(`its message is of ${proven.hash}`)
    },
    (problem) => {
      report(`its signed message: ${problem}`, hash)
    }
  )
  return true
}

function attempt<T>(read: () => T, report: (problem: string) => void): T | undefined {
  try {
    return read()
  } catch (thrown) {
    report(errorMessage(thrown))
    return undefined
  }
}
