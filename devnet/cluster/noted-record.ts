// Blocks that a process signed and that only its signed record knows, for the checks of equivocation and gate.
import { access } from 'node:fs/promises'
import { type NodeLayout } from './cluster-layout.ts'
import { type BlockFacts } from './messages.ts'
import { readStoredRecord } from './stored-record.ts'

/** What the record holds as signed; nothing without a record, or with one not yet written. */
export async function readSignedBlocks({
  recordFile
}: Pick<NodeLayout, 'recordFile'>): Promise<readonly BlockFacts[]> {
  if (recordFile === undefined || !(await isThere(recordFile))) return []
  const { heights } = await readStoredRecord(recordFile)
  return heights.flatMap(({ kind, number, hash }) => (kind === 'signed' ? [{ number, hash }] : []))
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
