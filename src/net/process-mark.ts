// The mark of a process, at the end of its agent version: two processes with one peer key have two marks.
import { randomBytes } from 'node:crypto'

/** `+` and 16 hex digits, chosen anew by each process. */
const PROCESS_MARK = /\+([0-9a-f]{16})$/

/** An agent version with a mark of its own. */
export function markProcess(agentVersion: string): string {
  return `${agentVersion}+${randomBytes(8).toString('hex')}`
}

/** The mark of an agent version; undefined for one of other software. */
export function processMarkOf(agentVersion: string): string | undefined {
  return PROCESS_MARK.exec(agentVersion)?.[1]
}
