// A cluster on disk: configs that the node itself accepts, that name each other, and nothing overwritten.
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { UnusableDirectoryError } from '../../../devnet/cluster/claim-directory.ts'
import {
  type LayoutOptions,
  nodeNames,
  presetFor,
  writeLayout
} from '../../../devnet/cluster/cluster-layout.ts'
import { loadAddresses, loadKeys } from '../../../devnet/load/accounts.ts'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { readPeerKey } from '../../../src/net/peer-key.ts'
import { readStartInputs } from '../../../src/config/start-inputs.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('the layout of a cluster', () => {
  const temporary = useTemporaryDirectory()

  function options(changes: Partial<LayoutOptions> = {}): LayoutOptions {
    const setup = { signedRecord: 'on', quorum: 'auto' } as const
    const directory = join(temporary.path, 'cluster')
    return { directory, backupsCount: 2, blockTimeMs: 1000, seed: 1, setup, ...changes }
  }

  async function readInputs(configFile: string) {
    const sources = { configFile, flags: {}, strayArguments: [], env: {}, cwd: temporary.path }
    return readStartInputs(sources, {}, { parseAdvertised, parseListen, parsePeer, readPeerKey })
  }

  it('has configs that nodes start with, each naming all others', async () => {
    const { nodes, signer, chainId } = await writeLayout(options())
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['sequencer', 'backup-1', 'backup-2']
    )
    for (const node of nodes) {
      const { config, peerKey, genesis, signers } = await readInputs(node.configFile)
      const others = nodes.filter(({ name }) => name !== node.name).map(({ peerId }) => peerId)
      const named = [...config.backups, ...config.peers].map(({ peerId }) => peerId)
      assert.deepEqual(named.toSorted(), others.toSorted())
      assert.equal(config.backups.length, node.name === 'sequencer' ? 2 : 0)
      assert.equal(config.sequencerRpc, node.name === 'sequencer' ? undefined : nodes[0]!.rpcUrl)
      assert.equal(peerKey.peerId, node.peerId)
      assert.equal(config.dataDir, node.dataDir)
      assert.equal(config.rpc.host, '127.0.0.1')
      assert.match(config.listen, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
      assert.equal(genesis.config.chainId, chainId)
      assert.deepEqual(signers, [{ fromBlock: 0n, address: signer }])
    }
  })

  it('funds the accounts of its seed', async () => {
    const { genesis } = await writeLayout(options({ seed: 7 }))
    const funded = genesis.alloc.filter(({ balance }) => balance > 0n).map(({ address }) => address)
    const wanted = loadAddresses(7)
    assert.deepEqual(funded.toSorted(), wanted.toSorted())
    assert.notDeepEqual(wanted, loadAddresses(8))
    // The load sends as viem's accounts of these keys.
    const senders = loadKeys(7).map((key) => privateKeyToAccount(bytesToHex(key)))
    assert.deepEqual(
      wanted,
      senders.map(({ address }) => address.toLowerCase())
    )
  })

  it('has a record where the scenario wants one, and its quorum', async () => {
    const on = await writeLayout(options())
    const recordFile = on.nodes[0]!.recordFile ?? ''
    assert.match((await readFile(recordFile, 'latin1')).slice(0, 16), /^rekindle-signed/)
    const setup = { signedRecord: 'off', quorum: 'all' } as const
    const off = await writeLayout(options({ setup, directory: join(temporary.path, 'off') }))
    assert.equal(off.nodes[0]!.recordFile, undefined)
    const { config } = await readInputs(off.nodes[0]!.configFile)
    assert.equal(config.quorum, 'all')
    assert.equal(config.signer?.recordFile, undefined)
  })

  it('has a second sequencer on a copy of the key, whom nobody counts', async () => {
    const setup = { signedRecord: 'on', quorum: 'auto', hasSecond: true } as const
    const { nodes, signer } = await writeLayout(options({ setup }))
    const [first, ...others] = await Promise.all(
      nodes.map(({ configFile }) => readInputs(configFile))
    )
    const second = others.pop()
    const named = (inputs: typeof first) =>
      [...(inputs?.config.backups ?? []), ...(inputs?.config.peers ?? [])].map(
        (peer) => peer.peerId
      )
    assert.deepEqual(named(second), named(first))
    for (const inputs of [first, ...others]) {
      assert.ok(!named(inputs).includes(second?.peerKey.peerId ?? ''))
    }
    assert.deepEqual(second?.signers, [{ fromBlock: 0n, address: signer }])
    assert.notEqual(second.config.signer?.keyFile, first?.config.signer?.keyFile)
    assert.notEqual(second.config.signer?.recordFile, first?.config.signer?.recordFile)
  })

  it('uses no port twice', async () => {
    const { nodes } = await writeLayout(options())
    const texts = await Promise.all(nodes.map(({ configFile }) => readFile(configFile, 'utf8')))
    const listening = texts.flatMap((text) => {
      const { listen, rpc, metrics } = JSON.parse(text) as Record<string, string>
      return [listen, rpc, metrics].map((place) => /\d+$/.exec(place ?? '')?.[0])
    })
    assert.equal(new Set(listening).size, 9)
  })

  it('does not begin in a directory that holds anything, nor in a file, nor below one', async () => {
    const file = join(temporary.path, 'mine')
    await writeFile(file, 'precious')
    for (const [directory, pattern] of [
      [temporary.path, /is not empty: a cluster begins in a new directory$/],
      [file, /mine cannot be used: it is no directory$/],
      [join(file, 'below'), /below cannot be used: what it lies in is no directory$/],
      [join(temporary.path, 'x'.repeat(300)), /x cannot be used$/]
    ] as const) {
      await assert.rejects(writeLayout(options({ directory })), (thrown) => {
        assert.ok(thrown instanceof UnusableDirectoryError)
        assert.match(thrown.message, pattern)
        return true
      })
    }
    assert.equal(await readFile(file, 'utf8'), 'precious')
    assert.deepEqual(await readdir(temporary.path), ['mine'])
  })

  it('names nodes and presets as operators know them', () => {
    assert.deepEqual(nodeNames(1), ['sequencer', 'backup-1'])
    assert.equal(presetFor(2000), 'op')
    assert.equal(presetFor(250), 'opbnb')
  })
})
