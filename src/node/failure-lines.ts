// What a command says of what was thrown, and what it ends with.
import { errorMessage, type Failure, NodeError } from '../base/node-error.ts'
import { SignerError } from '../signer/signer-error.ts'
import { StoreError, type StoreFailure } from '../store/store-error.ts'
import { EXIT_CODE } from './command-io.ts'
import { ConfigError, describeProblem } from './config-error.ts'
import { describeSignerFailure } from './signer-problem.ts'

/** Why a data directory cannot be had; a damaged one is the node's trouble, not the operator's. */
const DIRECTORY_CODES: readonly StoreFailure['code'][] = [
  'store-locked',
  'not-a-directory',
  'foreign-directory',
  'permission-denied',
  'schema-newer',
  'schema-older',
  'open-failed'
]
/** Why a port cannot be had. */
const PORT_CODES = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES']
/** Errors hold each other as causes; no chain of ours is longer. */
const CAUSES_MAX = 16

/** Lines for stderr. */
export function failureLines(thrown: unknown): readonly string[] {
  if (thrown instanceof ConfigError) {
    const { problems } = thrown.failure
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
    return [
      `rekindle cannot start: ${count}`,
      ...problems.map((one) => `  ${describeProblem(one)}`)
    ]
  }
  if (thrown instanceof SignerError) return [`rekindle: ${describeSignerFailure(thrown.failure)}`]
  const lines = [`rekindle: ${errorMessage(thrown)}`]
  for (const cause of causesOf(thrown).slice(1)) lines.push(`  because: ${errorMessage(cause)}`)
  const code = thrown instanceof NodeError ? codeOf(thrown as NodeError<Failure>) : undefined
  if (code !== undefined) lines.push(`  more: rekindle explain ${code}`)
  return lines
}

/** What the process ends with when this was thrown before the node was running. */
export function startExitCode(thrown: unknown): number {
  if (thrown instanceof ConfigError) return EXIT_CODE.badUsage
  for (const cause of causesOf(thrown)) {
    const isDirectory = cause instanceof StoreError && DIRECTORY_CODES.includes(cause.failure.code)
    const isSigner =
      cause instanceof SignerError && /^(key-|signer-locked|lock-failed)/.test(cause.failure.code)
    const isPort = PORT_CODES.includes(systemCode(cause) ?? '')
    if (isDirectory || isSigner || isPort) return EXIT_CODE.badUsage
  }
  return EXIT_CODE.failed
}

function causesOf(thrown: unknown): readonly unknown[] {
  const found: unknown[] = []
  let error = thrown
  while (error !== undefined && found.length < CAUSES_MAX) {
    found.push(error)
    error = error instanceof Error ? error.cause : undefined
  }
  return found
}

function codeOf({ failure }: NodeError<Failure>): string {
  return failure.code
}

function systemCode(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
