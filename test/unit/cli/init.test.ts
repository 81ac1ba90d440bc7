// `rekindle init`: what it writes and with which mode, what it prints, and that the node it made starts.
import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { type PeerIdentity } from '../../../src/config/start-inputs.ts'
import { readSigningKey } from '../../../src/signer/key-file.ts'
import {
  BACKUP_A,
  genesisWith,
  modeOf,
  OWN_PEER_ID,
  SEQUENCER_ADDRESS,
  STUB_GENESIS_HASH,
  stubInitDeps
} from './command-fixture.ts'
import { BACKUP, SEQUENCER, useNodeDirectory } from './init-fixture.ts'

/** The accounts of the mnemonic "test … junk" that every development chain funds, the first and the last. */
const FIRST_ACCOUNT = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const LAST_ACCOUNT = '0xa0ee7a142d267c1f36714e4a8f75612f20a79720'
const MILLION_ETHER = 10n ** 24n

describe('init of a sequencer', () => {
  const node = useNodeDirectory()

  it('writes its files and nothing else, keys for their owner alone', async () => {
    await node.init(SEQUENCER)
    assert.deepEqual(await node.names(), [
      'seq',
      'seq.keys',
      'seq.keys/admin.token',
      'seq.keys/config.json',
      'seq.keys/genesis.json',
      'seq.keys/peer.key',
      'seq.keys/sequencer.key',
      'seq.keys/signed-record'
    ])
    for (const name of [
      'admin.token',
      'config.json',
      'peer.key',
      'sequencer.key',
      'signed-record'
    ]) {
      assert.equal(await modeOf(node.at(`seq.keys/${name}`)), 0o600, name)
    }
    for (const name of ['seq', 'seq.keys']) {
      assert.equal(await modeOf(node.at(name)), 0o700, name)
    }
    assert.match(await node.read('seq.keys/sequencer.key'), /^[0-9a-f]{64}\n$/)
  })

  it('writes a config of relative paths and what was given', async () => {
    const args = ['--listen', '/ip4/10.0.0.1/tcp/9333', '--backup', BACKUP_A, '--quorum', '1']
    await node.init([...SEQUENCER, ...args, '--block-time', '2000'])
    assert.deepEqual(await node.readJson('seq.keys/config.json'), {
      role: 'sequencer',
      dataDir: '../seq',
      genesisFile: 'genesis.json',
      peerKeyFile: 'peer.key',
      sequencerKeyFile: 'sequencer.key',
      signedRecordFile: 'signed-record',
      adminTokenFile: 'admin.token',
      listen: '/ip4/10.0.0.1/tcp/9333',
      backups: [BACKUP_A],
      quorum: 1
    })
    assert.equal(parseGenesis(await node.read('seq.keys/genesis.json')).config.blockTimeMs, 2000)
  })

  it('writes a sample genesis when none is given: funded accounts, its own signer, now', async () => {
    await node.init(SEQUENCER)
    const { address } = await readSigningKey(node.at('seq.keys/sequencer.key'))
    const genesis = parseGenesis(await node.read('seq.keys/genesis.json'))
    assert.deepEqual(genesis.config.signers, [{ fromBlock: 0n, address }])
    assert.equal(genesis.config.chainId, 901n)
    assert.equal(genesis.config.blockTimeMs, 1000)
    assert.equal(genesis.timestamp, 1_750_000_000n)
    const funded = genesis.alloc.filter(({ balance }) => balance === MILLION_ETHER)
    assert.equal(funded.length, 10)
    assert.equal(funded[0]?.address, FIRST_ACCOUNT)
    assert.equal(funded[9]?.address, LAST_ACCOUNT)
  })

  it('takes the chain id of the sample', async () => {
    await node.init([...SEQUENCER, '--chain-id', '42'])
    assert.equal(parseGenesis(await node.read('seq.keys/genesis.json')).config.chainId, 42n)
  })
})

describe('the sequencer that init made', () => {
  const node = useNodeDirectory()

  it('starts, with an empty record', async () => {
    await node.init(SEQUENCER)
    const inputs = await node.startInputs('seq.keys/config.json', '--backup', BACKUP_A)
    assert.equal(inputs.config.role, 'sequencer')
    assert.equal(inputs.config.dataDir, node.at('seq'))
    assert.deepEqual(inputs.config.signer, {
      keyFile: node.at('seq.keys/sequencer.key'),
      recordFile: node.at('seq.keys/signed-record')
    })
    const args = ['signer', 'show', '--config', 'seq.keys/config.json', '--json']
    const { stdout } = await node.run(args)
    const shown = JSON.parse(stdout) as Readonly<Record<string, unknown>>
    assert.equal(shown.finding, 'empty')
    assert.equal(shown.genesisHash, STUB_GENESIS_HASH)
    assert.equal(shown.signer, inputs.signers[0]?.address)
  })

  it('starts somewhere else, too', async () => {
    await node.init(SEQUENCER)
    await mkdir(node.at('moved'))
    await rename(node.at('seq'), node.at('moved/seq'))
    await rename(node.at('seq.keys'), node.at('moved/seq.keys'))
    const args = ['moved/seq.keys/config.json', '--quorum', 'none'] as const
    assert.equal((await node.startInputs(...args)).config.dataDir, node.at('moved/seq'))
  })

  it('writes no record when that is off', async () => {
    await node.init([...SEQUENCER, '--signed-record', 'off'])
    const names = await node.names('seq.keys')
    assert.deepEqual(names, [
      'admin.token',
      'config.json',
      'genesis.json',
      'peer.key',
      'sequencer.key'
    ])
    const args = ['seq.keys/config.json', '--quorum', 'none'] as const
    assert.equal((await node.startInputs(...args)).config.signer?.recordFile, undefined)
  })

  it('takes a key that there is, beside the genesis file that names it', async () => {
    await node.putGenesis()
    await node.init([...SEQUENCER, '--sequencer-key', 'own.key', '--genesis', 'genesis.json'])
    assert.equal(await node.read('seq.keys/genesis.json'), genesisWith({}))
    const config = await node.readJson('seq.keys/config.json')
    assert.equal(config.sequencerKeyFile, node.at('own.key'))
    const args = ['seq.keys/config.json', '--quorum', 'none'] as const
    assert.deepEqual((await node.startInputs(...args)).config.signer, {
      keyFile: node.at('own.key'),
      recordFile: node.at('seq.keys/signed-record')
    })
  })
})

describe('init of a backup', () => {
  const node = useNodeDirectory()

  it('writes its files and nothing else: no key that signs, no record', async () => {
    await node.putGenesis()
    await node.init([...BACKUP, '--sequencer-rpc', 'http://10.0.0.1:8545'])
    const names = await node.names()
    assert.deepEqual(names, [
      'backup',
      'backup.keys',
      'backup.keys/admin.token',
      'backup.keys/config.json',
      'backup.keys/genesis.json',
      'backup.keys/peer.key',
      'genesis.json',
      'own.key'
    ])
    assert.equal(await modeOf(node.at('backup.keys/peer.key')), 0o600)
    assert.deepEqual(await node.readJson('backup.keys/config.json'), {
      role: 'backup',
      dataDir: '../backup',
      genesisFile: 'genesis.json',
      peerKeyFile: 'peer.key',
      adminTokenFile: 'admin.token',
      sequencerRpc: 'http://10.0.0.1:8545'
    })
    const inputs = await node.startInputs('backup.keys/config.json', '--peer', '/p2p/peerA')
    assert.equal(inputs.config.signer, undefined)
    assert.deepEqual(inputs.signers, [{ fromBlock: 0n, address: SEQUENCER_ADDRESS }])
  })

  it('puts its keys where it is told to, in directories that there are', async () => {
    await node.putGenesis()
    await mkdir(node.at('k'))
    await mkdir(node.at('backup'))
    await node.init([...BACKUP, '--keydir', 'k'])
    const { config } = await node.startInputs('k/config.json', '--peer', '/p2p/peerA')
    assert.equal(config.dataDir, node.at('backup'))
    assert.equal(config.peerKeyFile, node.at('k/peer.key'))
  })
})

/** Stubs that make one peer key always. */
function depsOfOnePeer() {
  const createPeerKey = async (path: string): Promise<PeerIdentity> => {
    await writeFile(path, `${'01'.repeat(32)}\n`, { flag: 'wx', mode: 0o600 })
    return { peerId: OWN_PEER_ID }
  }
  return stubInitDeps({ createPeerKey })
}

describe('init prints', () => {
  const node = useNodeDirectory()
  const print = async (...args: readonly string[]) => node.init(args, depsOfOnePeer())

  beforeEach(() => node.putGenesis())

  it('what a sequencer is, and what comes next', async () => {
    const text = await print(...SEQUENCER, '--sequencer-key', 'own.key')
    assert.equal(
      text,
      `peerId       ${OWN_PEER_ID}
multiaddr    /ip4/127.0.0.1/tcp/9222/p2p/${OWN_PEER_ID}
signer       ${SEQUENCER_ADDRESS}
chainId      901
genesisHash  ${STUB_GENESIS_HASH}
config       seq.keys/config.json
genesis      seq.keys/genesis.json

Next:
  rekindle run --config seq.keys/config.json

A sequencer starts with a backup (--backup MULTIADDR), or with --quorum none.
Its backups need this genesis: rekindle init --role backup --datadir DIR --genesis seq.keys/genesis.json
Never copy or put back the signed record: it is what keeps the key from signing twice.
`
    )
  })

  it('what a backup is, and what comes next', async () => {
    assert.equal(
      await print(...BACKUP, '--listen', '/ip6/::/tcp/9333'),
      `peerId       ${OWN_PEER_ID}
multiaddr    /ip6/::1/tcp/9333/p2p/${OWN_PEER_ID}
chainId      901
genesisHash  ${STUB_GENESIS_HASH}
config       backup.keys/config.json
genesis      backup.keys/genesis.json

Next:
  rekindle run --config backup.keys/config.json
`
    )
  })

  it('one JSON object, with absolute paths', async () => {
    const text = await print(...SEQUENCER, '--sequencer-key', 'own.key', '--json')
    assert.match(text, /^[^\n]+\n$/)
    assert.deepEqual(JSON.parse(text), {
      peerId: OWN_PEER_ID,
      multiaddr: `/ip4/127.0.0.1/tcp/9222/p2p/${OWN_PEER_ID}`,
      signer: SEQUENCER_ADDRESS,
      chainId: 901,
      genesisHash: STUB_GENESIS_HASH,
      configFile: node.at('seq.keys/config.json'),
      genesisFile: node.at('seq.keys/genesis.json'),
      backupFlags: []
    })
  })
})

describe('two inits', () => {
  const node = useNodeDirectory()

  it('make different keys, and each prints its own', async () => {
    const made: unknown[] = []
    for (const name of ['a', 'b']) {
      const text = await node.init(['init', '--role', 'sequencer', '--datadir', name, '--json'])
      const { signer, peerId } = JSON.parse(text) as {
        readonly signer: string
        readonly peerId: string
      }
      assert.equal((await readSigningKey(node.at(`${name}.keys/sequencer.key`))).address, signer)
      assert.equal(`peer${(await node.read(`${name}.keys/peer.key`)).slice(0, 8)}`, peerId)
      made.push(signer, peerId)
    }
    assert.equal(new Set(made).size, 4)
  })
})
