// `rekindle db verify --repair`: what is wrong is put right, out of what is left and out of peers, and looked at once more.
import { join } from 'node:path'
import { type Log, silentLog } from '../base/log.ts'
import { PLACES } from '../config/node-directory.ts'
import {
  giveUpState,
  repairDirectory,
  type Repaired,
  type RepairInputs
} from '../node/repair-directory.ts'
import { type MessageRules } from '../chain/blocks/verify-message.ts'
import { findDamage } from '../store/mended-store.ts'
import { formatFields } from './format-fields.ts'
import {
  describeFault,
  type Fault,
  FAULTS_SHOWN_MAX,
  isStateFault,
  pacedProgress,
  verifyDatabases,
  type VerifyDeps,
  type VerifyResult
} from './db-verify.ts'

/** What is repaired, and by what its blocks are judged. */
export interface RepairedDirectory {
  readonly inputs: RepairInputs
  readonly rules: MessageRules
}

/** What a repair came to. */
export interface RepairResult extends VerifyResult {
  /** Entries of the state that are whole again, by what told them. */
  readonly stateMended: Pick<Repaired, 'fromDisk' | 'fromPeers'>
  /** What is left, and the command that helps; undefined where nothing is. */
  readonly next: string | undefined
}

/** The node must not run. Throws StoreError, ChainError for what a start would refuse too. */
export async function repairDatabases(
  deps: VerifyDeps,
  { inputs, rules }: RepairedDirectory,
  signal: AbortSignal
): Promise<RepairResult> {
  const { dataDir } = inputs.config
  const named = { dataDir, rules }
  const inFiles = await fileFaults(dataDir)
  const looked = inFiles === undefined ? await verifyDatabases(deps, named) : undefined
  if (looked?.faultsCount === 0) {
    return { ...looked, stateMended: { fromDisk: 0, fromPeers: 0 }, next: undefined }
  }
  const before = looked ?? inFiles ?? { faults: [], faultsCount: 0 }
  const onProgress = pacedProgress(deps.clock, deps.say)
  const log = peersLog(deps)
  const done = await repairDirectory(inputs, { ...deps, log, onProgress }, signal)
  const after = await verifyDatabases(deps, named)
  const next = await adviseOn(after, done, inputs)
  return toResult(before, after, { done, next })
}

/** Files that contradict each other are not opened as they are: LevelDB would lose what is left in them. */
async function fileFaults(
  dataDir: string
): Promise<Pick<VerifyResult, 'faults' | 'faultsCount'> | undefined> {
  const faults: Fault[] = []
  for (const place of [PLACES.chain, PLACES.state]) {
    const problem = await findDamage(join(dataDir, place))
    if (problem !== undefined) faults.push({ kind: 'files', place, problem })
  }
  return faults.length === 0 ? undefined : { faults, faultsCount: faults.length }
}

/** Faults that were there before, each with whether it is mended, and those that only showed afterwards. */
function toResult(
  before: Pick<VerifyResult, 'faults' | 'faultsCount'>,
  after: VerifyResult,
  { done, next }: { readonly done: Repaired; readonly next: string | undefined }
): RepairResult {
  const left = new Set(after.faults.map(describeFault))
  const known = new Set(before.faults.map(describeFault))
  const told = before.faults.map((fault) => ({
    ...fault,
    isMended: !left.has(describeFault(fault))
  }))
  const added = after.faults.filter((fault) => !known.has(describeFault(fault)))
  const toldMended = told.filter(({ isMended }) => isMended).length
  const mendedCount = Math.max(toldMended, before.faultsCount - after.faultsCount)
  const { fromDisk, fromPeers } = done
  return {
    ...after,
    faultsCount: after.faultsCount + mendedCount,
    mendedCount,
    faults: [...told, ...added].slice(0, FAULTS_SHOWN_MAX),
    stateMended: { fromDisk, fromPeers },
    next
  }
}

/** The one command that helps with what is left. */
async function adviseOn(
  { ok, faults }: VerifyResult,
  { peersCount }: Repaired,
  { peers, config: { dataDir } }: RepairInputs
): Promise<string | undefined> {
  if (ok) return undefined
  const isOfState = faults.some(isStateFault)
  if (peers.length === 0) {
    return 'nothing here tells what is left: "rekindle db verify --repair --peer MULTIADDR" takes it from a node that has it'
  }
  if (peersCount === 0) {
    return 'no peer that was named could be reached, or none serves states: name one that does, and run the same command again'
  }
  if (!isOfState) {
    return 'the peers lack what is left: name others, or start the node with "rekindle run", which asks all of its peers for it and shows it as holes'
  }
  await giveUpState(dataDir, 'a repair could not have what is damaged')
  return 'the peers no longer serve the state that is stored here, since they keep those of the last 128 blocks: start the node with "rekindle run", which sets the state aside and fetches that of a recent block'
}

/** What a peer did wrong is told; what is mended is counted instead, since it may be much. */
function peersLog({ say }: VerifyDeps): Log {
  const tell = (event: string, facts?: Readonly<Record<string, unknown>>) => {
    if (event.startsWith('peer-') || event.startsWith('dial-'))
      say(formatFields({ [event]: facts ?? '' }).trimEnd())
  }
  return { ...silentLog, warn: tell, error: tell }
}
