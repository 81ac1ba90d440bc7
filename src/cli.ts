#!/usr/bin/env node
// The command `rekindle`: arguments, and what the commands are put together from.
import './net/promise-with-resolvers.ts'
import { boundHeapGrowth } from './base/heap-growth.ts'
import { errorMessage } from './base/node-error.ts'
import { assertFilesToLoad, readFileLimit } from './node/file-limit.ts'

/** Node.js opens all files of a graph of modules at once, some 400 here: in parts that follow each other, a third. */
const PARTS: readonly (() => Promise<unknown>)[] = [
  () => import('./base/keccak.ts'),
  () => import('./chain/genesis/genesis.ts'),
  () => import('./execution/embedded-engine.ts'),
  () => import('./state/state-store.ts'),
  () => import('./store/level-store.ts'),
  () => import('./net/peer-key.ts'),
  () => import('./net/host.ts'),
  () => import('./rpc/http-server.ts')
]

boundHeapGrowth()
process.exitCode = await run()

async function run(): Promise<number> {
  try {
    assertFilesToLoad(await readFileLimit())
  } catch (thrown) {
    process.stderr.write(`rekindle: ${errorMessage(thrown)}\n`)
    return 2
  }
  for (const load of PARTS) await load()
  const { systemClock } = await import('./base/clock.ts')
  const { parseListen, parsePeer } = await import('./net/peer-address.ts')
  const { createPeerKey, readPeerKey } = await import('./net/peer-key.ts')
  const { processIo } = await import('./cli/command-io.ts')
  const { runCommandLine } = await import('./cli/command-line.ts')
  const { createNode } = await import('./node/node.ts')
  const { computeGenesisBlock } = await import('./node/open-stores.ts')
  const { readVersion } = await import('./node/version.ts')
  const readers = { parsePeer, parseListen, readPeerKey }
  const genesisHash = async (genesis: Parameters<typeof computeGenesisBlock>[0]) =>
    (await computeGenesisBlock(genesis)).hash
  return runCommandLine(
    process.argv.slice(2),
    {
      version: readVersion(),
      readers,
      init: { clock: systemClock, createPeerKey, genesisHash },
      createNode
    },
    processIo()
  )
}
