// A step of `npm run build`: compiles the devnet's ERC-20 with the solc package, unless that was done before.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Abi } from 'viem'
import { TOKEN_FILE } from '../../devnet/load/token-contract.ts'
import { projectPath } from '../support/project-root.ts'

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Record<
    string,
    Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>
  >
}

interface Solc {
  compile(
    input: string,
    callbacks: { import: (path: string) => { contents: string } | { error: string } }
  ): string
}

const LOCK_FILE = 'package-lock.json'

const require = createRequire(import.meta.url)
/** Prague rules, optimised as deployed tokens are. */
const input = JSON.stringify({
  language: 'Solidity',
  sources: {
    'Token.sol': { content: readFileSync(projectPath('devnet/load/Token.sol'), 'utf8') }
  },
  settings: {
    evmVersion: 'prague',
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } }
  }
})
/** Of the source, the settings and the versions of compiler and imports. */
const inputHash = createHash('sha256')
  .update(input)
  .update(readFileSync(projectPath(LOCK_FILE)))
  .digest('hex')

const outputPath = projectPath(TOKEN_FILE)
if (readInputHash() !== inputHash) {
  writeFileSync(outputPath, JSON.stringify({ inputHash, ...compile() }))
}

function readInputHash(): string | undefined {
  if (!existsSync(outputPath)) return undefined
  return (JSON.parse(readFileSync(outputPath, 'utf8')) as { readonly inputHash: string }).inputHash
}

/** Throws with the compiler's message. */
function compile() {
  const solc = require('solc') as Solc
  const output = JSON.parse(solc.compile(input, { import: readImport })) as SolcOutput
  const failure = output.errors?.find(({ severity }) => severity === 'error')
  const token = output.contracts?.['Token.sol']?.Token
  if (failure !== undefined || token === undefined) {
    throw new Error(failure?.formattedMessage ?? 'the compiler gave no contract')
  }
  return { abi: token.abi, bytecode: `0x${token.evm.bytecode.object}` }
}

function readImport(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(require.resolve(path), 'utf8') }
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}
