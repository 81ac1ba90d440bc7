// What a dead process signed and told nobody but its record: the equivocation check must know it.
import { access } from 'node:fs/promises'
import { type NodeLayout } from '../cluster-layout.ts'
import { type SignedBlocks } from './signed-blocks.ts'
import { readStoredRecord } from './stored-record.ts'

/** Adds what the record holds as signed. A node without one, or with one not yet written, adds nothing. */
export async function noteRecord(
  signed: SignedBlocks,
  { name, recordFile }: Pick<NodeLayout, 'name' | 'recordFile'>
): Promise<void> {
  if (recordFile === undefined || !(await isThere(recordFile))) return
  for (const { kind, number, hash } of (await readStoredRecord(recordFile)).heights) {
    if (kind === 'signed') signed.add({ number, hash }, 'signed', name)
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
