#!/usr/bin/env node
// The command `rekindle`: arguments, and what the commands are put together from.
import './net/promise-with-resolvers.ts'
import { systemClock } from './base/clock.ts'
import { type Genesis } from './chain/genesis.ts'
import { parseListen, parsePeer } from './net/peer-address.ts'
import { createPeerKey, readPeerKey } from './net/peer-key.ts'
import { processIo } from './node/command-io.ts'
import { runCommandLine } from './node/command-line.ts'
import { createNode } from './node/node.ts'
import { computeGenesisBlock } from './node/open-stores.ts'
import { readVersion } from './node/version.ts'

const readers = { parsePeer, parseListen, readPeerKey }
const genesisHash = async (genesis: Genesis) => (await computeGenesisBlock(genesis)).hash

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    version: readVersion(),
    readers,
    init: { clock: systemClock, createPeerKey, genesisHash },
    createNode
  },
  processIo()
)
