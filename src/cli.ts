#!/usr/bin/env node
// The command `rekindle`: arguments, and what the commands are put together from.
import './net/promise-with-resolvers.ts'
import { boundHeapGrowth } from './base/heap-growth.ts'
import { errorMessage } from './base/node-error.ts'
import { assertFilesToLoad, readFileLimit } from './node/file-limit.ts'

boundHeapGrowth()
process.exitCode = await run()

async function run(): Promise<number> {
  try {
    assertFilesToLoad(await readFileLimit())
  } catch (thrown) {
    process.stderr.write(`rekindle: ${errorMessage(thrown)}\n`)
    return 2
  }
  const { processIo } = await import('./cli/command-io.ts')
  const { runCommandLine } = await import('./cli/command-line.ts')
  const { readVersion } = await import('./node/version.ts')
  const deps = { version: readVersion(), loadParsers, loadInit, loadSetup, loadRun }
  return runCommandLine(process.argv.slice(2), deps, processIo())
}

async function loadParsers() {
  const { parseAdvertised, parseListen, parsePeer } = await import('./net/peer-address.ts')
  return { parseAdvertised, parseListen, parsePeer }
}

async function loadInit() {
  const readers = await loadParsers()
  const { systemClock } = await import('./base/clock.ts')
  const { createPeerKey } = await import('./net/peer-key.ts')
  const { computeGenesisBlock } = await import('./node/open-stores.ts')
  const genesisHash = async (genesis: Parameters<typeof computeGenesisBlock>[0]) =>
    (await computeGenesisBlock(genesis)).hash
  return { readers, init: { clock: systemClock, createPeerKey, genesisHash } }
}

async function loadSetup() {
  const parsers = await loadParsers()
  const { createPeerKey, readPeerKey } = await import('./net/peer-key.ts')
  return { ...parsers, createPeerKey, readPeerKey }
}

async function loadRun() {
  const { readPeerKey } = await import('./net/peer-key.ts')
  const { createNode } = await import('./node/node.ts')
  return { readers: { ...(await loadParsers()), readPeerKey }, createNode }
}
