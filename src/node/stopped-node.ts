// A stopped node's data directory, and for a sequencer its record, opened for an operator's exit.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/block.ts'
import { type Rewind, rewindChain } from '../chain/rewind.ts'
import { openSigner } from '../signer/open-signer.ts'
import { type SignedRecord } from '../signer/signed-record.ts'
import { SignerError } from '../signer/signer-error.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from './config-checks.ts'
import { PLACES } from './node-directory.ts'
import { type NamedDirectory, readDirectory } from './db-command.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { toJsonValue } from './json-value.ts'
import { type OpenStores, openStores } from './open-stores.ts'
import { plainLine } from './plain-line.ts'
import { describeSignerFailure } from './signer-problem.ts'

/** What was asked for is not done, and nothing was changed. The message says why, and what would be done. */
export class RefusedError extends Error {}

/** Flags of every exit. */
export interface ExitFlags {
  readonly configFile: string | undefined
  readonly confirm: string | undefined
  readonly isJson: boolean
}

/** Where an exit speaks. */
export type ExitIo = Pick<CommandIo, 'print' | 'complain' | 'env' | 'cwd'>

/** A node that does not run: nobody else has its files while this is open. */
export interface StoppedNode {
  readonly role: NonNullable<NamedDirectory['role']>
  readonly stores: OpenStores
  /** Undefined for a backup, and where the record is off. */
  readonly record: SignedRecord | undefined
  /** Goes back to a height, and sets aside, on disk when it resolves. Nothing can be read afterwards. */
  rewind(rewind: Rewind): Promise<void>
}

/** Does an exit's work on the node that the config names. Resolves with the exit code: 2 when refused. */
export async function onStoppedNode(
  { configFile, isJson }: ExitFlags,
  { parsers, io }: { readonly parsers: AddressParsers; readonly io: ExitIo },
  work: (node: StoppedNode, say: (line: string) => void) => Promise<Record<string, unknown>>
): Promise<number> {
  const say = (line: string) => {
    io.complain(`${plainLine(line)}\n`)
  }
  try {
    const named = await readDirectory(configFile, parsers, io)
    const done = toJsonValue(await withNode(named, (node) => work(node, say)))
    const fields = done as Record<string, unknown>
    io.print(isJson ? `${JSON.stringify(fields)}\n` : formatFields(fields))
    return EXIT_CODE.good
  } catch (thrown) {
    if (thrown instanceof RefusedError) {
      say(`rekindle: refused, and nothing was changed: ${thrown.message}`)
      return EXIT_CODE.badUsage
    }
    for (const line of failureLines(thrown)) io.complain(`${line}\n`)
    return startExitCode(thrown)
  }
}

/** A block hash as a flag gives it. */
export function hashFlag(flag: string, text: string | undefined): Hex {
  if (text !== undefined && /^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex
  const given = text === undefined ? 'is missing' : `${JSON.stringify(text)} is none`
  throw new RefusedError(`--${flag} must be a block hash, 0x and 64 hex digits: it ${given}`)
}

/** A height as a flag gives it. */
export function heightFlag(flag: string, text: string | undefined): bigint {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return BigInt(text)
  const given = text === undefined ? 'is missing' : `${JSON.stringify(text)} is none`
  throw new RefusedError(`--${flag} must be a block number: it ${given}`)
}

/** `12 (0x…)`, or how many there are and which are the ends. */
export function nameBlocks(blocks: readonly BlockRef[]): string {
  const sorted = [...blocks].sort((a, b) => Number(a.number - b.number))
  const [first] = sorted
  const last = sorted.at(-1)
  if (first === undefined || last === undefined) return 'no block'
  if (sorted.length === 1) return `block ${nameBlock(first)}`
  return `${String(sorted.length)} blocks from ${nameBlock(first)} to ${nameBlock(last)}`
}

/** `12 (0x…)`. */
export function nameBlock({ number, hash }: BlockRef): string {
  return `${number.toString()} (${hash})`
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

async function withNode<T>(
  { dataDir, genesis, rules, role, signer: files }: NamedDirectory,
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
      const rewind = (to: Rewind) => rewindStores(stores, to)
      return await work({ role, stores, record: signer?.record, rewind })
    } finally {
      await signer?.close()
    }
  } finally {
    await stores.close()
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
