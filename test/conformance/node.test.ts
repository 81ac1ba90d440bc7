// The whole suite against our own node: a sequencer with blocks, dialling and dialled, and a backup at genesis.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { type Hex } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { createNode, type RunningNode } from '../../src/node/node.ts'
import { type NodeConfig } from '../../src/config/node-config.ts'
import { createSigningKey } from '../../src/signer/key-file.ts'
import { liveConfig } from '../support/live-config.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { ALL_CASES } from '../../protocols/conformance/all-cases.ts'
import { keccak256 } from '../../protocols/conformance/block-maker.ts'
import { WALK_CASES } from '../../protocols/conformance/cases/walk-cases.ts'
import { type ConformanceCase } from '../../protocols/conformance/conformance-case.ts'
import { type CaseResult } from '../../protocols/conformance/verdict.ts'
import { NodeListener } from '../../protocols/conformance/node-listener.ts'
import { runSuite } from '../../protocols/conformance/suite.ts'

const CHAIN_ID = 901
const SIGNER_KEY = keccak256(Uint8Array.of(1))
const PATIENCE_MS = 2_000
const BLOCKS_BEFORE = 4

/** keccak256(genesis hash ++ seven times 0), all forks being active at 0. */
function digestOf(genesisHash: string): Uint8Array {
  const preimage = new Uint8Array(32 + 7 * 8)
  preimage.set(Buffer.from(genesisHash.slice(2), 'hex'))
  return keccak256(preimage).subarray(0, 4)
}

describe('our node under the conformance suite', function () {
  this.timeout(180_000)
  const stops: (() => Promise<unknown>)[] = []

  // Before the directory's own hook: what runs in it ends first.
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })
  const directory = useTemporaryDirectory()

  async function startNode(role: NodeConfig['role'], peers: readonly string[]) {
    const [listen] = await chooseFreePorts(1)
    const base = join(directory.path, role)
    await mkdir(base)
    const keyFile = join(base, 'signing.key')
    const signer = await createSigningKey(keyFile, { randomKey: () => SIGNER_KEY })
    const text = sampleGenesisText({
      chainId: CHAIN_ID,
      signer: signer.address,
      fundedAccounts: [],
      timestamp: Math.floor(Date.now() / 1000),
      blockTimeMs: 1000
    })
    const genesisFile = join(base, 'genesis.json')
    await writeFile(genesisFile, text)
    const genesis = parseGenesis(text)
    const config = liveConfig({
      role,
      dataDir: join(base, 'node'),
      genesisFile,
      listen: `/ip4/127.0.0.1/tcp/${String(listen)}`,
      peers: peers.map(parsePeer),
      quorum: 'none',
      signer: role === 'sequencer' ? { keyFile, recordFile: undefined } : undefined
    })
    const { signers, blockTimeMs } = genesis.config
    const peerKey = await generatePeerKey()
    const node = await createNode(
      { config, genesis, peerKey, adminToken: undefined, signers, blockTimeMs },
      { log: silentLog }
    )
    const ending = new AbortController()
    const done = node.run(ending.signal)
    stops.push(async () => {
      ending.abort()
      await done
    })
    return node
  }

  async function listen() {
    const listener = await NodeListener.open({
      multiaddr: '/ip4/127.0.0.1/tcp/0',
      chainId: BigInt(CHAIN_ID),
      patienceMs: PATIENCE_MS
    })
    stops.push(() => listener.stop())
    return listener
  }

  async function blockHash(node: RunningNode, number: number | 'latest') {
    const tag = number === 'latest' ? number : `0x${number.toString(16)}`
    const body = { jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: [tag, false] }
    const response = await fetch(node.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    const { result } = (await response.json()) as { result: { number: Hex; hash: string } | null }
    return result
  }

  async function run(
    node: RunningNode,
    listener: NodeListener,
    cases: readonly ConformanceCase[] = ALL_CASES
  ) {
    await until('the node dials the suite', () => listener.isConnected)
    const genesisHash = (await blockHash(node, 0))?.hash ?? ''
    const [target = ''] = node.multiaddrs()
    return runSuite(
      {
        target,
        chainId: BigInt(CHAIN_ID),
        forkDigest: digestOf(genesisHash),
        signerKey: SIGNER_KEY,
        preset: 'op',
        patienceMs: PATIENCE_MS
      },
      { listener, cases }
    )
  }

  // Most of either run is waiting for what a node must not do, so the two wait side by side.
  it('keeps every rule as a sequencer, dialling and dialled, and as a backup at genesis', async () => {
    const [first, second] = [await listen(), await listen()]
    const sequencer = await startNode('sequencer', first.multiaddrs)
    const backup = await startNode('backup', second.multiaddrs)
    await Promise.all([checkSequencer(sequencer, first), checkBackup(backup, second)])
  })

  async function checkSequencer(node: RunningNode, listener: NodeListener): Promise<void> {
    await until('some blocks', async () => {
      return Number((await blockHash(node, 'latest'))?.number ?? 0) >= BLOCKS_BEFORE
    })
    const results = await run(node, listener)
    assert.deepEqual(linesOf(results, 'failed'), [])
    // A sequencer need not ask whom it does not know as a backup, for tips or for blocks.
    const isOfItsChoice = (id: string) => id === 'TI-11 false tip' || id.startsWith('FR-3 ')
    const notRun = idsOf(results, 'not run').filter((id) => !isOfItsChoice(id))
    // It has accepted blocks, and they are empty: nothing is deleted, no code is new, no receipt is there.
    const ofOthers = ['BM-13 milliseconds', 'ST-4 answer', 'SD-8 form', 'SD-11 form', 'SD-17 block']
    const due = [...WALK_CASES.map(({ id }) => id), ...ofOthers]
    assert.ok(idsOf(results, 'ok').includes('FR-3 status'))
    assert.deepEqual([...notRun].sort(), due.sort(), linesOf(results, 'not run').join('\n'))
    assert.equal(results.length, ALL_CASES.length)
  }

  async function checkBackup(node: RunningNode, listener: NodeListener): Promise<void> {
    const atGenesis = ['ST-', 'BR-', 'BH-', 'SD-', 'TI-', 'GO-15', 'GO-17']
    const cases = ALL_CASES.filter(({ id }) => atGenesis.some((start) => id.startsWith(start)))
    const results = await run(node, listener, cases)
    assert.deepEqual(linesOf(results, 'failed'), [])
    const ran = idsOf(results, 'ok')
    const walked = WALK_CASES.map(({ id }) => id)
    for (const id of [
      ...walked,
      'TI-9 genesis',
      'TI-11 false tip',
      'BR-7 unavailable',
      'ST-4 answer',
      'GO-15 height'
    ]) {
      assert.ok(ran.includes(id), `${id} was not run`)
    }
  }
})

function idsOf(results: readonly CaseResult[], outcome: CaseResult['outcome']): readonly string[] {
  return results.filter((result) => result.outcome === outcome).map(({ id }) => id)
}

function linesOf(results: readonly CaseResult[], outcome: CaseResult['outcome']) {
  return results
    .filter((result) => result.outcome === outcome)
    .map(({ id, detail }) => `${id}: ${detail}`)
}
