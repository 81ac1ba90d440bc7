// A stopped node's data directory, and for a sequencer its record, opened for an operator's exit.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Rewind, rewindChain } from '../chain/stored/rewind.ts'
import { openSigner } from '../signer/open-signer.ts'
import { type RecordSummary, summarizeRecord } from '../signer/record-summary.ts'
import { type SignedRecord } from '../signer/signed-record.ts'
import { SignerError } from '../signer/signer-error.ts'
import { PLACES } from '../config/node-directory.ts'
import { type NamedDirectory } from './db-command.ts'
import { type OpenStores, openStores } from '../node/open-stores.ts'
import { describeSignerFailure } from '../config/signer-problem.ts'

/** What was asked for is not done, and nothing was changed. The message says why, and what would be done. */
export class RefusedError extends Error {}

/** A node that does not run: nobody else has its files while this is open. */
export interface StoppedNode {
  readonly role: NonNullable<NamedDirectory['role']>
  readonly stores: OpenStores
  /** Undefined for a backup, and where the record is off. */
  readonly record: SignedRecord | undefined
  /** Of a backup: a record that lies here all the same, from a time in which this node signed. */
  readonly leftRecord: RecordSummary | undefined
  /** Goes back to a height, and sets aside, on disk when it resolves. Nothing can be read afterwards. */
  rewind(rewind: Rewind): Promise<void>
}

/** Opens the node and closes it after the work. Throws RefusedError where there is none to work on. */
export async function withStoppedNode<T>(
  { dataDir, genesis, rules, role, signer: files, recordFile }: NamedDirectory,
  work: (node: StoppedNode) => Promise<T>
): Promise<T> {
  if (role === undefined) throw new RefusedError('the config names no role')
  await stat(join(dataDir, PLACES.chain)).catch((thrown: unknown) => {
    throw new RefusedError(`there is no chain in ${dataDir}: ${errorMessage(thrown)}`)
  })
  const deps = { clock: systemClock, log: silentLog }
  const stores = await openStores(dataDir, { genesis, schedule: rules.schedule }, deps)
  try {
    const chain = { chainId: rules.chainId, genesisHash: stores.genesis.hash }
    const signer = files && (await openSigner(files, chain))
    try {
      const finding = signer?.record?.finding()
      if (finding?.kind === 'unreadable') {
        const { path, reason } = finding
        throw new RefusedError(`the signed record ${path} cannot be read: ${reason}`)
      }
      const leftRecord = role === 'backup' ? await findRecord(recordFile) : undefined
      const rewind = (to: Rewind) => rewindStores(stores, to)
      return await work({ role, stores, record: signer?.record, leftRecord, rewind })
    } finally {
      await signer?.close()
    }
  } finally {
    await stores.close()
  }
}

/** Undefined where nothing was signed. */
async function findRecord(recordFile: string | undefined): Promise<RecordSummary | undefined> {
  const summary = recordFile === undefined ? undefined : await summarizeRecord(recordFile)
  const isNone = summary?.finding.kind === 'missing' || summary?.finding.kind === 'empty'
  return isNone ? undefined : summary
}

/** What the record's refusal means here: nothing was changed. */
export function checkRelease(record: SignedRecord, above: bigint, confirm: Hex): void {
  try {
    record.assertReleasable(above, confirm)
  } catch (thrown) {
    if (!(thrown instanceof SignerError)) throw thrown
    if (record.finding().kind === 'torn') {
      throw new RefusedError(
        `the last entry of the signed record ${record.path} is torn: move the record away, which makes a start ask all backups, and try again`
      )
    }
    throw new RefusedError(describeSignerFailure(thrown.failure))
  }
}

/** State of blocks that are gone is of no use; below the new head it stays. */
async function rewindStores(stores: OpenStores, rewind: Rewind): Promise<void> {
  await rewindChain(stores.chainStore, stores.blocks, rewind)
  const disk = stores.state.diskPoint()
  if (disk === undefined || disk.number <= rewind.to) return
  await stores.resetState()
  await stores.journal.discard()
}
