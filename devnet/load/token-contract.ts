// The devnet's ERC-20, as the build compiled it from Token.sol.
import { readFileSync } from 'node:fs'
import { type Abi } from 'viem'
import { type Hex } from '../../src/base/bytes.ts'
import { projectFile } from './project-file.ts'

/** A compiled contract, ready for viem's `deployContract`. */
export interface CompiledContract {
  readonly abi: Abi
  /** Creation code. */
  readonly bytecode: Hex
}

/** Where the build puts it, from the package's root. */
export const TOKEN_FILE = 'dist/devnet/load/token.json'

/** Throws when nothing was built. */
export function readToken(): CompiledContract {
  const { abi, bytecode } = JSON.parse(
    readFileSync(projectFile(TOKEN_FILE), 'utf8')
  ) as CompiledContract
  return { abi, bytecode }
}
