// The line that a command prints for an error, and its exit code.
import { errorMessage, type Failure, NodeError } from '../base/node-error.ts'
import { type ChainFailure } from '../chain/blocks/chain-error.ts'
import { type NetFailure } from '../net/net-error.ts'
import { type HttpFailure } from '../rpc/http-listen.ts'
import { SignerError, type SignerFailure } from '../signer/signer-error.ts'
import { type StoreFailure } from '../store/store-error.ts'
import { EXIT_CODE } from './command-io.ts'
import { ConfigError, describeProblem } from '../config/config-error.ts'
import { type FileLimitFailure } from '../node/file-limit.ts'
import { plainLine } from '../config/plain-line.ts'
import { describeSignerFailure } from '../config/signer-problem.ts'

/** What the operator has to mend before a start; a damaged database is the node's trouble instead. */
const UNUSABLE_CODES: readonly (
  ChainFailure | FileLimitFailure | HttpFailure | NetFailure | SignerFailure | StoreFailure
)['code'][] = [
  'file-limit-too-low',
  'store-locked',
  'not-a-directory',
  'store-missing',
  'foreign-directory',
  'permission-denied',
  'schema-newer',
  'schema-older',
  'open-failed',
  'genesis-mismatch',
  'key-missing',
  'key-exists',
  'key-unreadable',
  'key-unwritable',
  'key-malformed',
  'key-permissions',
  'signer-locked',
  'lock-failed',
  'record-exists',
  'listen-unavailable',
  'http-address-unavailable'
]
/** The system's words for a port or a place that cannot be had. */
const SYSTEM_CODES = [
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ENOTDIR',
  'EPERM',
  'EROFS'
]
/** Errors hold each other as causes; no chain of ours is longer. */
const CAUSES_MAX = 16

/** Lines for stderr; the first one of a refusal says what has not been done. */
export function failureLines(
  thrown: unknown,
  refusal = 'rekindle cannot start'
): readonly string[] {
  if (thrown instanceof ConfigError) {
    const { problems } = thrown.failure
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
    return [`${refusal}: ${count}`, ...problems.map((one) => `  ${describeProblem(one)}`)]
  }
  const lines = [`rekindle: ${describe(thrown)}`]
  for (const cause of causesOf(thrown).slice(1)) lines.push(`  because: ${describe(cause)}`)
  const code = failureCode(thrown)
  if (code !== undefined) lines.push(`  more: rekindle explain ${code}`)
  return lines.map(plainLine)
}

/** What the process ends with when this was thrown before the node was running. */
export function startExitCode(thrown: unknown): number {
  const isUnusable = causesOf(thrown).some(
    (cause) =>
      cause instanceof ConfigError ||
      UNUSABLE_CODES.some((code) => code === failureCode(cause)) ||
      SYSTEM_CODES.includes(systemCode(cause) ?? '')
  )
  return isUnusable ? EXIT_CODE.badUsage : EXIT_CODE.failed
}

function describe(thrown: unknown): string {
  return thrown instanceof SignerError
    ? describeSignerFailure(thrown.failure)
    : errorMessage(thrown)
}

function causesOf(thrown: unknown): readonly unknown[] {
  const found: unknown[] = []
  let error = thrown
  while (error !== undefined && !found.includes(error) && found.length < CAUSES_MAX) {
    found.push(error)
    error = error instanceof Error ? error.cause : undefined
  }
  return found
}

function failureCode(thrown: unknown): string | undefined {
  return thrown instanceof NodeError ? (thrown as NodeError<Failure>).failure.code : undefined
}

function systemCode(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
