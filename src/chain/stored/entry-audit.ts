// The entries that a walk of the canonical chain does not come to, each by its checksum and its form.
import { decodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, numberKey, numberOfKey } from '../../store/keys.ts'
import { StoreError } from '../../store/store-error.ts'
import { type AcceptedEntry, decodeAccepted } from './accepted-index.ts'
import { type BlockReader } from './block-reader.ts'
import { readCanonical } from './canonical-entries.ts'
import { openEntry, unlessDamaged } from './chain-entry.ts'
import { verifyBlockMessage } from '../blocks/verify-message.ts'

/** What the audit of entries needs. */
export interface EntryAuditDeps {
  readonly store: Pick<KeyValueReader, 'get' | 'iterate'>
  readonly reader: BlockReader
  readonly chainId: bigint
  /** Takes what is wrong; the height is undefined where the key does not tell it. */
  readonly report: (problem: string, number: bigint | undefined, hash?: Hex) => void
  /** Called after each entry; the audit waits for it. */
  readonly onEntry: () => Promise<void>
}

/** Headers, contents, receipts and pointers are looked at with the block whose they are. */
const AUDITED_KINDS = ['accepted', 'contested', 'diff', 'named', 'setAside', 'transaction'] as const
type AuditedKind = (typeof AUDITED_KINDS)[number]
/** Prefix and u64. */
const NUMBER_KEY_BYTES = 9

/** Reads them all, and every accepted block that is not canonical; goes on beside each fault. Throws StoreError. */
export async function auditEntries(deps: EntryAuditDeps): Promise<void> {
  for (const kind of AUDITED_KINDS) {
    const prefix = CHAIN_PREFIX[kind]
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    try {
      for await (const [key, value] of deps.store.iterate(range)) {
        auditEntry(deps, kind, key, value)
        await deps.onEntry()
      }
    } catch (thrown) {
      const isDamage = thrown instanceof StoreError && thrown.failure.code === 'store-damaged'
      if (!isDamage) throw thrown
      deps.report(`its entries of ${kind} cannot all be read: ${thrown.message}`, undefined)
    }
  }
}

function auditEntry(
  deps: EntryAuditDeps,
  kind: AuditedKind,
  key: Uint8Array,
  value: Uint8Array
): void {
  const isByHeight = kind === 'accepted' || kind === 'contested' || kind === 'diff'
  const number = isByHeight ? heightOf(key) : undefined
  try {
    const body = openEntry(kind, key, value)
    if (kind === 'diff') decodeStateDiff(body)
    if (kind !== 'accepted' || number === undefined) return
    const entries = decodeAccepted(body)
    for (const entry of entries) auditAccepted(deps, number, entry)
    if (
      entries.length > 1 &&
      deps.store.get(numberKey(CHAIN_PREFIX.contested, number)) === undefined
    )
      deps.report(
        'more than one block was accepted, and the index of such heights lacks it',
        number
      )
  } catch (thrown) {
    deps.report(errorMessage(thrown), number)
  }
}

/** A canonical one is looked at where it stands in the chain. */
function auditAccepted(
  { store, reader, chainId, report }: EntryAuditDeps,
  number: bigint,
  { hash, signer }: AcceptedEntry
): void {
  try {
    // A damaged pointer is told of by the walk of the chain.
    if (unlessDamaged(() => readCanonical(store, number)) === hash) return
    const block = reader.signedBlock(hash)
    if (block === undefined) throw new Error('it stands in the index of accepted blocks alone')
    const proven = verifyBlockMessage({ chainId }, block.version, block.message)
    if (proven.hash !== hash) throw new Error(`its message is of ${proven.hash}`)
    if (proven.signer !== signer) throw new Error(`its signature is of ${proven.signer}`)
  } catch (thrown) {
    report(`accepted: ${errorMessage(thrown)}`, number, hash)
  }
}

/** Undefined for a key that no height made. */
function heightOf(key: Uint8Array): bigint | undefined {
  return key.length === NUMBER_KEY_BYTES ? numberOfKey(key) : undefined
}
