// Compiles the devnet's ERC-20 with the compiler that ships in the solc package.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Abi } from 'viem'
import { type Hex } from '../../src/base/bytes.ts'
import { projectFile } from './project-file.ts'

/** A compiled contract, ready for viem's `deployContract`. */
export interface CompiledContract {
  readonly abi: Abi
  /** Creation code. */
  readonly bytecode: Hex
}

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

const require = createRequire(import.meta.url)

/** Prague rules, optimised as deployed tokens are. Throws with the compiler's message. Takes some seconds. */
export function compileToken(): CompiledContract {
  const solc = require('solc') as Solc
  const source = readFileSync(projectFile('devnet/load/Token.sol'), 'utf8')
  const input = {
    language: 'Solidity',
    sources: { 'Token.sol': { content: source } },
    settings: {
      evmVersion: 'prague',
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } }
    }
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: readImport })
  ) as SolcOutput
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
