// `rekindle signer show`: what the signed record holds, read beside a running node.
import { resolve } from 'node:path'
import { type RecordFinding } from '../signer/record-open.ts'
import { type RecordSummary, summarizeRecord } from '../signer/record-summary.ts'
import { roleFlag } from './command-flags.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { readConfig } from '../config/config.ts'
import { type AddressParsers } from '../config/config-checks.ts'
import { describeProblem } from '../config/config-error.ts'
import { formatFields } from './format-fields.ts'

/** Options of `rekindle signer show`. */
export interface SignerShowOptions {
  /** Names the record, unless that is named itself. */
  readonly configFile: string | undefined
  readonly role?: string | undefined
  readonly recordFile: string | undefined
  readonly isJson: boolean
}

/** Blocks set aside that are listed one by one. */
const SET_ASIDE_SHOWN = 20

/** Resolves with the exit code: 1 when the record is there and cannot be read. */
export async function printSigner(
  options: SignerShowOptions,
  parsers: AddressParsers,
  io: Pick<CommandIo, 'print' | 'complain' | 'env' | 'cwd'>
): Promise<number> {
  const { isJson } = options
  const path = await recordPath(options, parsers, io)
  if (path === undefined) return EXIT_CODE.badUsage
  const summary = await summarizeRecord(path)
  const fields = summaryFields(summary)
  io.print(isJson ? `${JSON.stringify(fields)}\n` : formatFields(fields))
  return summary.finding.kind === 'unreadable' ? EXIT_CODE.failed : EXIT_CODE.good
}

/** Undefined when nothing names a record; what is wrong has been said then. */
async function recordPath(
  { configFile, role, recordFile }: SignerShowOptions,
  parsers: AddressParsers,
  io: Pick<CommandIo, 'complain' | 'env' | 'cwd'>
): Promise<string | undefined> {
  if (recordFile !== undefined) return resolve(io.cwd, recordFile)
  const sources = { configFile, env: io.env, flags: roleFlag(role), cwd: io.cwd }
  const { paths, problems } = await readConfig(sources, {}, parsers)
  if (paths.signer?.recordFile !== undefined) return paths.signer.recordFile
  const why = problems.map((problem) => `  ${describeProblem(problem)}\n`).join('')
  const none = 'no record is named: give --record, or --config of a sequencer whose record is on'
  io.complain(`rekindle: signer show: ${none}\n${why}`)
  return undefined
}

/** Numbers as JSON has them; a chain's heights fit. */
function summaryFields({ path, finding, content }: RecordSummary): Record<string, unknown> {
  const tip = 'tip' in finding ? finding.tip : undefined
  return {
    record: path,
    finding: finding.kind,
    meaning: findingMeaning(finding),
    reason: finding.kind === 'unreadable' ? finding.reason : undefined,
    chainId: content && Number(content.chainId),
    genesisHash: content?.genesisHash,
    signer: content?.signer,
    tip: tip && { number: Number(tip.number), hash: tip.hash },
    firstHeight: toNumber(content?.firstNumber),
    heights: content?.heightsCount,
    firstWholeEntry: toNumber(content?.firstEntryNumber),
    wholeEntries: content?.entriesCount,
    bytes: content?.fileBytes,
    setAside: content?.setAside
      .slice(-SET_ASIDE_SHOWN)
      .map(({ number, hash }) => ({ number: Number(number), hash })),
    setAsideCount: content?.setAside.length
  }
}

function findingMeaning({ kind }: RecordFinding): string {
  switch (kind) {
    case 'missing':
      return 'there is no record: the next start asks all backups'
    case 'empty':
      return 'nothing was signed or adopted yet: the next start asks all backups'
    case 'good':
      return 'nothing at or below the tip will be signed again'
    case 'torn':
      return 'its last entry is not whole: being written now, or cut off by a crash; a start asks all backups'
    case 'unreadable':
      return 'a sequencer does not start with it; moved away, it counts as missing'
  }
}

function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}
