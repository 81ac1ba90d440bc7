// The journal of a stopped node as it lies there, for the commands that only look.
import { join } from 'node:path'
import { errorMessage } from '../base/node-error.ts'
import { type DecodedJournal } from '../state/journal-codec.ts'
import { readJournal } from '../state/read-journal.ts'
import { PLACES } from '../config/node-directory.ts'

/** What is there. A node that was killed leaves none; one that cannot be read keeps a node from starting. */
export type JournalFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | ({ readonly kind: 'read' } & DecodedJournal)

/** Reads as much of it as is sound. Never throws. */
export async function readJournalFile(dataDir: string): Promise<JournalFile> {
  try {
    const read = await readJournal(join(dataDir, PLACES.journal, 'layers'))
    return read === undefined ? { kind: 'absent' } : { kind: 'read', ...read }
  } catch (thrown) {
    return { kind: 'unreadable', reason: errorMessage(thrown) }
  }
}
