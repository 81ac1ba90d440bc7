// Files and sockets that the process may have open: read at start, and shared out so that the databases have theirs.
import { readFile } from 'node:fs/promises'
import { type Log } from '../base/log.ts'
import { NodeError } from '../base/node-error.ts'

/** Why the node does not start. */
export type FileLimitFailure = {
  readonly code: 'file-limit-too-low'
  readonly limit: number
  readonly needed: number
  readonly raise: string
}

/** Thrown before anything is opened. */
export class FileLimitError extends NodeError<FileLimitFailure> {}

/** How many of each may be open at once. */
export interface FileBudget {
  /** Entry files that one database keeps open. */
  readonly storeFilesMax: number
  /** Connections of peers that are not configured, and inbound ones that are not past their handshake. */
  readonly strangersMax: number
  readonly handshakesMax: number
  readonly rpcConnectionsMax: number
  readonly metricsConnectionsMax: number
  /** True when the limit leaves less than a node has otherwise. */
  readonly isShort: boolean
}

/**
 * Never shared out: what Node.js itself holds once it listens (20), LevelDB's logs, locks and the files that it sorts
 * (12 for each of two databases), record, journal, keys and name look-ups (20), and a reserve of 32 for what comes and
 * goes: sockets that are refused, requests to the sequencer, files that are looked at.
 */
const FIXED_FILES = 20 + 2 * 12 + 20 + 32
/** What a node has where the limit allows it. */
const FULL = {
  strangersMax: 100,
  handshakesMax: 64,
  rpcConnectionsMax: 256,
  metricsConnectionsMax: 32
} as const
/** With less it is of no use. */
const LEAST = {
  strangersMax: 8,
  handshakesMax: 8,
  rpcConnectionsMax: 16,
  metricsConnectionsMax: 4
} as const
/** Below this no node starts; its modules take less, since Node.js has some 80 files of the bundle open at once. */
const FILES_MIN = FIXED_FILES + sumOf(LEAST)
/** A configured peer may have old connections beside its new one, up to the bound of every peer (net/host-bounds.ts). */
const CONNECTIONS_PER_CONFIGURED = 4
/** LevelDB maps the first 1,000 entry files of a process into memory, which takes no descriptor: half for each. */
const STORE_FILES_MAPPED = 500
const STORE_FILES_MAX = 1_000
const LIMITS_FILE = '/proc/self/limits'
const RAISE = 'ulimit -n 4096, LimitNOFILE=4096, or --ulimit nofile=4096'

/** What this process may open, shared out; says so when that is less than a node has otherwise. Throws FileLimitError. */
export async function shareFiles(configuredCount: number, log: Log): Promise<FileBudget> {
  const limit = await readFileLimit()
  const budget = fileBudget(limit, configuredCount)
  if (budget.isShort) log.warn('file-limit-low', { limit, ...budget })
  return budget
}

/** The soft limit, which Node.js raises to the hard one as it starts; undefined where it cannot be read, or is none. */
export async function readFileLimit(path = LIMITS_FILE): Promise<number | undefined> {
  try {
    const limits = await readFile(path, 'latin1')
    const [, soft] = /^Max open files\s+(\d+)\s/m.exec(limits) ?? []
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined // no Linux: its limits are not read
  }
}

/** Before the modules of a node are loaded. Throws FileLimitError. */
export function assertFilesToLoad(limit: number | undefined): void {
  if (limit === undefined || limit >= FILES_MIN) return
  throw tooLow(limit, FILES_MIN)
}

/** Shares a limit out, for a node with so many configured peers. Throws FileLimitError. */
export function fileBudget(limit: number | undefined, configuredCount: number): FileBudget {
  const full = { ...FULL, storeFilesMax: STORE_FILES_MAX, isShort: false }
  if (limit === undefined) return full
  const fixed = FIXED_FILES + CONNECTIONS_PER_CONFIGURED * configuredCount
  const needed = fixed + sumOf(LEAST)
  if (limit < needed) throw tooLow(limit, needed)
  const spare = limit - fixed - sumOf(FULL)
  if (spare >= 0) {
    const unmapped = Math.floor(spare / 2)
    return { ...full, storeFilesMax: Math.min(STORE_FILES_MAX, STORE_FILES_MAPPED + unmapped) }
  }
  const part = (limit - fixed - sumOf(LEAST)) / (sumOf(FULL) - sumOf(LEAST))
  const share = (name: keyof typeof FULL) =>
    Math.floor(LEAST[name] + part * (FULL[name] - LEAST[name]))
  return {
    storeFilesMax: STORE_FILES_MAPPED,
    strangersMax: share('strangersMax'),
    handshakesMax: share('handshakesMax'),
    rpcConnectionsMax: share('rpcConnectionsMax'),
    metricsConnectionsMax: share('metricsConnectionsMax'),
    isShort: true
  }
}

function tooLow(limit: number, needed: number): FileLimitError {
  return new FileLimitError({ code: 'file-limit-too-low', limit, needed, raise: RAISE })
}

function sumOf(shares: Readonly<Record<keyof typeof FULL, number>>): number {
  return Object.values(shares).reduce((sum, count) => sum + count, 0)
}
