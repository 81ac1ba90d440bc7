// The journal of a stopped node as it lies there, for the commands that only look.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '../base/node-error.ts'
import { type DecodedJournal, decodeJournal } from '../state/journal-codec.ts'
import { PLACES } from './node-directory.ts'

/** What is there. A node that was killed leaves none; one that cannot be read keeps a node from starting. */
export type JournalFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | ({ readonly kind: 'read' } & DecodedJournal)

/** Reads as much of it as is sound. Never throws. */
export async function readJournalFile(dataDir: string): Promise<JournalFile> {
  try {
    const bytes = await readFile(join(dataDir, PLACES.journal, 'layers'))
    return { kind: 'read', ...decodeJournal(bytes) }
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    return isMissing ? { kind: 'absent' } : { kind: 'unreadable', reason: errorMessage(thrown) }
  }
}
