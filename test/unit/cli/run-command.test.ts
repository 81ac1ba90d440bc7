// `rekindle run` from its inputs to its end: what the node gets, signals, and exit codes.
import assert from 'node:assert/strict'
import { type StartInputs } from '../../../src/config/start-inputs.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'
import {
  BACKUP_A,
  BACKUP_B,
  nodeOf,
  OTHER_ADDRESS,
  OWN_PEER_ID,
  prepareSequencer,
  recordedIo,
  runCommand,
  SEQUENCER_ADDRESS,
  stubDeps,
  writeConfig
} from './command-fixture.ts'

const RUN = ['run', '--config', 'seq.keys/config.json']
const HASH = `0x${'1F'.repeat(32)}`

/** A prepared sequencer that logs nothing below errors. */
function useSequencer() {
  const directory = useTemporaryDirectory()
  beforeEach(() => prepareSequencer(directory.path))
  const io = (env: Readonly<Record<string, string>> = {}) =>
    recordedIo(directory.path, { REKINDLE_LOG_LEVEL: 'error', ...env })
  return {
    directory,
    io,
    async inputs(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
      let inputs: StartInputs | undefined
      const deps = stubDeps((given) => {
        inputs = given
        return Promise.resolve({ run: () => Promise.resolve() })
      })
      const { stderr } = await runCommand([...RUN, ...args], io(env), deps)
      assert.equal(stderr, '')
      assert.ok(inputs !== undefined)
      return inputs
    }
  }
}

describe('run gives the node', () => {
  const node = useSequencer()

  it('what the file says, with defaults for the rest and absolute paths', async () => {
    const { config, blockTimeMs, peerKey, signers, genesis } = await node.inputs([])
    const { path } = node.directory
    assert.deepEqual(config, {
      role: 'sequencer',
      dataDir: `${path}/seq`,
      genesisFile: `${path}/seq.keys/genesis.json`,
      peerKeyFile: `${path}/seq.keys/peer.key`,
      signer: {
        keyFile: `${path}/seq.keys/sequencer.key`,
        recordFile: `${path}/seq.keys/signed-record`
      },
      adminTokenFile: undefined,
      listen: '/ip4/0.0.0.0/tcp/9222',
      advertise: [],
      peers: [],
      backups: [{ multiaddr: BACKUP_A, peerId: 'peerA' }],
      quorum: 'auto',
      signers: undefined,
      preset: 'op',
      blockTimeMs: undefined,
      feeRecipient: '0x0000000000000000000000000000000000000000',
      gasLimit: undefined,
      rpc: { host: '127.0.0.1', port: 8545 },
      rpcHosts: [],
      rpcCors: [],
      metrics: { host: '127.0.0.1', port: 7300 },
      history: 8192,
      sequencerRpc: undefined,
      logLevel: 'error',
      oneStart: { startWithoutBackups: undefined, giveUpAbove: undefined }
    })
    assert.equal(peerKey.peerId, OWN_PEER_ID)
    assert.equal(blockTimeMs, 1000)
    assert.deepEqual(signers, [{ fromBlock: 0n, address: SEQUENCER_ADDRESS }])
    assert.equal(genesis.config.chainId, 901n)
  })

  it('flags over variables over the file', async () => {
    const { path } = node.directory
    await writeConfig(path, { quorum: 1, preset: 'opbnb', blockTimeMs: 250, gasLimit: 30_000_000 })
    const env = { REKINDLE_QUORUM: 'all', REKINDLE_BLOCK_TIME: '500', REKINDLE_RPC: '[::1]:0' }
    const { config, blockTimeMs } = await node.inputs(['--quorum', 'none', '--rpc', 'h:1'], env)
    assert.equal(config.quorum, 'none')
    assert.equal(config.blockTimeMs, 500)
    assert.equal(blockTimeMs, 500)
    assert.equal(config.gasLimit, 30_000_000n)
    assert.deepEqual(config.rpc, { host: 'h', port: 1 })
    assert.deepEqual((await node.inputs([], env)).config.rpc, { host: '::1', port: 0 })
  })

  it('lists from one place alone, a backup in one list alone', async () => {
    const peers = (...args: readonly string[]) => node.inputs(args, { REKINDLE_PEER: BACKUP_A })
    const { config } = await peers('--backup', BACKUP_B)
    assert.deepEqual(
      config.backups.map(({ peerId }) => peerId),
      ['peerB']
    )
    assert.deepEqual(
      config.peers.map(({ peerId }) => peerId),
      ['peerA']
    )
    assert.deepEqual((await peers()).config.peers, [])
  })

  it('the signers of the config before those of the genesis file, in lower case', async () => {
    const signers = [
      { fromBlock: 0, address: SEQUENCER_ADDRESS.toUpperCase().replace('0X', '0x') },
      { fromBlock: 9, address: OTHER_ADDRESS }
    ]
    await writeConfig(node.directory.path, { signers })
    assert.deepEqual((await node.inputs([])).signers, [
      { fromBlock: 0n, address: SEQUENCER_ADDRESS },
      { fromBlock: 9n, address: OTHER_ADDRESS }
    ])
  })

  it('what holds for one start', async () => {
    const flags = ['--start-without-backups', HASH, '--give-up-above', HASH]
    const hash = HASH.toLowerCase()
    const { oneStart } = (await node.inputs(flags)).config
    assert.deepEqual(oneStart, { startWithoutBackups: hash, giveUpAbove: hash })
  })

  it('a sequencer without a backup, when the quorum is none', async () => {
    await writeConfig(node.directory.path, { backups: [] })
    assert.equal((await node.inputs(['--quorum', 'none'])).config.quorum, 'none')
  })

  it('a backup that names a peer by its id alone', async () => {
    await writeConfig(node.directory.path, { backups: [] })
    const { config } = await node.inputs(['--role', 'backup', '--peer', '/p2p/peerC'])
    assert.deepEqual(config.peers, [{ multiaddr: '/p2p/peerC', peerId: 'peerC' }])
  })

  it('names and origins of JSON-RPC, repeated or in one flag', async () => {
    const { config } = await node.inputs([
      ...['--rpc-hosts', 'node,node.rollup.svc', '--rpc-hosts', '10.0.0.1'],
      ...['--rpc-cors', 'https://app.example.org, https://*.example.net']
    ])
    assert.deepEqual(config.rpcHosts, ['node', 'node.rollup.svc', '10.0.0.1'])
    assert.deepEqual(config.rpcCors, ['https://app.example.org', 'https://*.example.net'])
  })

  it('no signing key and no record when it is a backup', async () => {
    const { config } = await node.inputs(['--role', 'backup', '--sequencer-rpc', 'http://h:1/'])
    assert.equal(config.signer, undefined)
    assert.equal(config.sequencerRpc, 'http://h:1/')
  })
})

/** Resolves when the signal aborts. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener(
      'abort',
      () => {
        resolve()
      },
      { once: true }
    )
  })
}

describe('run ends', () => {
  const node = useSequencer()

  it('with 0 after a signal, and forgets the signals', async () => {
    const io = node.io()
    const running = runCommand(RUN, io, stubDeps(nodeOf(untilAborted)))
    await until('the node listens for signals', () => io.sendSignal() === 1)
    assert.deepEqual(await running, { exitCode: 0, stdout: '', stderr: '' })
    assert.deepEqual(io.exits, [])
    assert.equal(io.sendSignal(), 0)
  })

  it('with 0 when a service rejects with what stopped it', async () => {
    const io = node.io()
    const deps = stubDeps(
      nodeOf(async (signal) => {
        await untilAborted(signal)
        signal.throwIfAborted()
      })
    )
    const running = runCommand(RUN, io, deps)
    await until('the node listens for signals', () => io.sendSignal() === 1)
    assert.deepEqual(await running, { exitCode: 0, stdout: '', stderr: '' })
  })

  it('with 0 after a signal that came while the node opened', async () => {
    const io = node.io()
    const deps = stubDeps(() => {
      assert.equal(io.sendSignal(), 1)
      return Promise.resolve({ run: untilAborted })
    })
    assert.equal((await runCommand(RUN, io, deps)).exitCode, 0)
  })

  it('with 1 when stopping fails', async () => {
    const io = node.io()
    const deps = stubDeps(
      nodeOf(async (signal) => {
        await untilAborted(signal)
        throw new Error('flush failed')
      })
    )
    const running = runCommand(RUN, io, deps)
    await until('the node listens for signals', () => io.sendSignal() === 1)
    const stderr = 'rekindle: flush failed\n'
    assert.deepEqual(await running, { exitCode: 1, stdout: '', stderr })
  })

  it('at once after a second signal', async () => {
    const io = node.io()
    let letGo: (() => void) | undefined
    const stuck = new Promise<void>((resolve) => (letGo = resolve))
    const running = runCommand(RUN, io, stubDeps(nodeOf(() => stuck)))
    await until('the node listens for signals', () => io.sendSignal() === 1)
    assert.deepEqual(io.exits, [])
    io.sendSignal()
    assert.deepEqual(io.exits, [1])
    letGo?.()
    await running
  })
})
