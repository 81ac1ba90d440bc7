// Whether a chain database is sound: links, hashes, pointers, signatures, receipts, indexes.
import { bytesToHex, equalBytes, type Hex } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { errorMessage } from '../../base/node-error.ts'
import { openValue } from '../../store/checked-value.ts'
import { type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, soleKey } from '../../store/keys.ts'
import { decodeAccepted } from './accepted-index.ts'
import { type Block, type BlockRef, toRef } from '../blocks/block.ts'
import { BlockReader } from './block-reader.ts'
import { encodeLocation, readCanonical } from './canonical-entries.ts'
import { readEntry } from './chain-entry.ts'
import { readHistory, type StoredHistory } from './chain-history.ts'
import { auditEntries } from './entry-audit.ts'
import { headerHash } from '../blocks/header.ts'
import { receiptsRoot } from '../blocks/receipt.ts'
import { decodeReceipts } from './stored-receipts.ts'
import { type MessageRules, verifyBlockMessage } from '../blocks/verify-message.ts'

/** One thing that is wrong, and at which block. */
export interface ChainFault {
  /** Undefined for an entry whose key tells no height. */
  readonly number: bigint | undefined
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

type AuditedStore = Pick<KeyValueReader, 'get' | 'iterate'>

/**
 * Walks the canonical chain from genesis to the head, then all entries beside it, and goes on beside each
 * fault. Throws StoreError.
 */
export async function auditChain(
  store: AuditedStore,
  rules: MessageRules,
  hooks: ChainAuditHooks
): Promise<ChainAudit> {
  const reader = new BlockReader(store)
  const history = await readHistory(store)
  const head = findHead(store, reader, hooks)
  const unsignedCount =
    head === undefined ? 0 : await auditCanonical(store, reader, { rules, hooks, head, history })
  await auditEntries({
    store,
    reader,
    chainId: rules.chainId,
    report: (problem, number, hash) => {
      hooks.onFault({ number, hash, problem })
    },
    onEntry: () => hooks.onProgress(head?.number ?? 0n, head?.number ?? 0n)
  })
  return { head, unsignedCount }
}

/** Returns how many blocks carry no signature. */
async function auditCanonical(
  store: AuditedStore,
  reader: BlockReader,
  { rules, hooks, head, history }: CanonicalAudit
): Promise<number> {
  let parent: Block | undefined
  let unsignedCount = 0
  const { oldestBlock, oldestReceipts } = history
  // A chain that was joined further up has nothing between genesis and its oldest block.
  for (let number = 0n; number <= head.number; number = number === 0n ? oldestBlock : number + 1n) {
    const report = (problem: string, hash?: Hex) => {
      hooks.onFault({ number, hash, problem })
    }
    const block = attempt(() => readBlock(store, reader, number), report)
    if (block !== undefined) {
      const needsReceipts = number === 0n || number >= oldestReceipts
      const isSigned = auditBlock(store, { reader, rules, report, needsReceipts }, block)
      if (!isSigned && number > 0n) unsignedCount += 1
      if (parent?.number === number - 1n && block.parentHash !== parent.hash) {
        report(`its parent is ${block.parentHash}, the block before it ${parent.hash}`, block.hash)
      }
      if (number === head.number && block.hash !== head.hash) {
        report(`the head pointer names ${head.hash}`, block.hash)
      }
    }
    parent = block
    await hooks.onProgress(number, head.number)
  }
  return unsignedCount
}

interface CanonicalAudit {
  readonly rules: MessageRules
  readonly hooks: ChainAuditHooks
  readonly head: BlockRef
  readonly history: StoredHistory
}

interface BlockAudit {
  readonly reader: BlockReader
  readonly rules: MessageRules
  readonly report: (problem: string, hash?: Hex) => void
  /** False where a missing one is no fault. */
  readonly needsReceipts: boolean
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
    return toRef(block)
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
function auditBlock(store: Pick<KeyValueReader, 'get'>, audit: BlockAudit, block: Block): boolean {
  const { report, needsReceipts } = audit
  const { number, hash, header } = block
  const reportHere = (problem: string) => {
    report(problem, hash)
  }
  const computed = headerHash(header)
  if (computed !== hash) reportHere(`its header hashes to ${computed}`)
  attempt(() => {
    const body = readEntry(store, 'receipts', hashKey(CHAIN_PREFIX.receipts, hash))
    if (body === undefined && !needsReceipts) return
    if (body === undefined) throw new Error('its receipts are missing')
    const root = receiptsRoot(decodeReceipts(body))
    if (!equalBytes(root, header.receiptsRoot)) throw new Error('its receipts give another root')
  }, reportHere)
  if (number === 0n) return false
  attempt(() => {
    auditTransactions(store, block, reportHere)
  }, reportHere)
  const isSigned = auditMessage(audit, hash)
  if (isSigned) {
    attempt(() => {
      auditAcceptance(store, block, reportHere)
    }, reportHere)
  }
  return isSigned
}

/** A signed block is accepted with the batch that makes it canonical, if it was not before. */
function auditAcceptance(
  store: Pick<KeyValueReader, 'get'>,
  { number, hash }: BlockRef,
  report: (problem: string) => void
): void {
  const body = readUnlessDamaged(store, numberKey(CHAIN_PREFIX.accepted, number))
  if (body === 'damaged') return
  const isIndexed = body !== undefined && decodeAccepted(body).some((one) => one.hash === hash)
  if (!isIndexed) report('it is signed, and not in the index of accepted blocks')
}

function auditTransactions(
  store: Pick<KeyValueReader, 'get'>,
  { number, transactions }: Block,
  report: (problem: string) => void
): void {
  for (const [index, raw] of transactions.entries()) {
    const hash = bytesToHex(keccak256(raw))
    const body = readUnlessDamaged(store, hashKey(CHAIN_PREFIX.transaction, hash))
    if (body === 'damaged') continue
    if (body === undefined) report('a transaction of it is in no index')
    else if (!equalBytes(body, encodeLocation(number, index)))
      report('a transaction of it is elsewhere in the index')
  }
}

/** What is damaged is told of once, with all entries of its kind. */
function readUnlessDamaged(
  store: Pick<KeyValueReader, 'get'>,
  key: Uint8Array
): Uint8Array | 'damaged' | undefined {
  const value = store.get(key)
  return value && (openValue(key, value) ?? 'damaged')
}

function auditMessage(
  { reader, rules, report }: Omit<BlockAudit, 'needsReceipts'>,
  hash: Hex
): boolean {
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
