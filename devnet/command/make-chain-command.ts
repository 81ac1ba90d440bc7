// `rekindle-devnet --make-chain`: makes a chain for the conformance suite, and says what to do with it.
import { relative, resolve } from 'node:path'
import { type CommandIo, EXIT_CODE } from '../../src/cli/command-io.ts'
import { formatFields } from '../../src/cli/format-fields.ts'
import { shellWord } from '../../src/cli/shell-word.ts'
import { UnusableDirectoryError } from '../cluster/claim-directory.ts'
import { describeError } from '../cluster/condition.ts'
import { type MadeChain } from '../harness/make-chain.ts'
import { type ChainFlags } from './cli-flags.ts'

/** Resolves with the exit code; 2 for a directory that cannot be used. */
export async function runMakeChain(
  { directory, isJson }: ChainFlags,
  io: Pick<CommandIo, 'print' | 'complain' | 'cwd'>
): Promise<number> {
  try {
    const { makeChain } = await import('../harness/make-chain.ts')
    const made = await makeChain(resolve(io.cwd, directory))
    io.print(isJson ? `${JSON.stringify(made)}\n` : describe(made, io.cwd))
    return EXIT_CODE.good
  } catch (thrown) {
    io.complain(`rekindle-devnet: ${describeError(thrown)}\n`)
    return thrown instanceof UnusableDirectoryError ? EXIT_CODE.badUsage : EXIT_CODE.failed
  }
}

function describe(made: MadeChain, cwd: string): string {
  const path = (file: string) => relative(cwd, file)
  const { chainId, genesisHash, forkDigest, signer, head, multiaddr } = made
  const files = {
    genesis: path(made.genesisFile),
    signerKey: path(made.signerKeyFile),
    blocks: path(made.blocksFile)
  }
  const tried = '"<multiaddr of the node that is tried>"'
  const flags = `--chain-id ${chainId} --fork-digest ${forkDigest}`
  const lastBlock = `${head.number} ${head.hash}`
  return [
    formatFields({
      chainId,
      genesisHash,
      forkDigest,
      signer,
      head: lastBlock,
      ...files,
      multiaddr
    }),
    'The node that is tried begins with that genesis and that signer. It gets the blocks out of the file, or from a node',
    'that is reached by the multiaddr above and runs with:',
    `  rekindle run --config ${shellWord(path(made.configFile))} --peer ${tried}`,
    'Then:',
    `  rekindle-conformance --target ${tried} ${flags} --signer-key $(cat ${shellWord(files.signerKey)})`,
    ''
  ].join('\n')
}
