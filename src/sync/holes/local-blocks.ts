// What is left of lost blocks without a peer: the store, the signed record, own state diffs; and how far down that is looked for first.
import { ApplyError } from '../../apply/apply-error.ts'
import { receiptsOfDiff } from '../../apply/diff-receipts.ts'
import { type Hex } from '../../base/bytes.ts'
import { type Block, type BlockRef } from '../../chain/blocks/block.ts'
import { type Receipt } from '../../chain/blocks/receipt.ts'
import { MessageError } from '../../chain/blocks/verify-message.ts'
import { BLOCK_HASHES_DEPTH } from '../../chain/stored/find-holes.ts'
import { type RecordedBlock, type SignedRecord } from '../../signer/signed-record.ts'
import { type VerifyMessage } from '../protocols/asking.ts'
import { type LocalParts } from './mend-holes.ts'

/** Where blocks and receipts may still be. */
export interface LocalSources {
  readonly stored: (hash: Hex) => Block | undefined
  /** The signed record keeps whole messages of the latest blocks; undefined where there is none. */
  readonly record: Pick<SignedRecord, 'hashAt' | 'messageAt'> | undefined
  readonly verify: VerifyMessage
  /** Undefined too for one that is damaged. */
  readonly diffAt: (number: bigint) => Uint8Array | undefined
}

/** From the store first, then the record; receipts out of the block's own diff. */
export function createLocalBlocks(sources: LocalSources): LocalParts {
  return {
    block: (ref) => sources.stored(ref.hash) ?? recordedBlock(sources, ref),
    receipts: (block) => localReceipts(sources, block)
  }
}

/** Heights that decide how far down holes are looked for before anything else begins. */
export interface NeededHeights {
  readonly head: bigint
  /** False: the states above the one on disk have to be rebuilt out of their blocks. */
  readonly isHeadReadable: boolean
  /** Of the state on disk. */
  readonly persisted: bigint
  /** Recovery compares the blocks of these heights with ours at once, at whatever depth. */
  readonly contested: readonly bigint[]
  readonly isPointerLost: (number: bigint) => boolean
}

/** The lowest of them, 1 at least: the hashes that the next block may ask for, lost states, contested heights. */
export function lowestNeeded(heights: NeededHeights): bigint {
  const { head, isHeadReadable, persisted, contested, isPointerLost } = heights
  const lost = contested.filter((number) => number <= head && isPointerLost(number))
  const all = [head - BLOCK_HASHES_DEPTH, isHeadReadable ? head : persisted + 1n, ...lost]
  const lowest = all.reduce((one, other) => (one < other ? one : other))
  return lowest < 1n ? 1n : lowest
}

function recordedBlock({ record, verify }: LocalSources, { number, hash }: BlockRef) {
  const recorded = record?.hashAt(number) === hash ? record.messageAt(number) : undefined
  return recorded && verified(verify, recorded)
}

function verified(verify: VerifyMessage, recorded: RecordedBlock): Block | undefined {
  try {
    return verify(recorded)
  } catch (thrown) {
    if (thrown instanceof MessageError) return undefined // by another schedule: a peer's would be refused as well
    throw thrown
  }
}

/** Of a block without transactions, or out of its own diff. */
function localReceipts({ diffAt }: LocalSources, block: Block): readonly Receipt[] | undefined {
  if (block.transactions.length === 0) return []
  const diff = diffAt(block.number)
  if (diff === undefined) return undefined
  try {
    return receiptsOfDiff(diff, block)
  } catch (thrown) {
    if (thrown instanceof ApplyError) return undefined // ours is bad: a peer's may be good
    throw thrown
  }
}
