// A chain for the conformance suite: held against the suite's own reading of blocks, which shares no code with the builder's.
import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runDevnet } from '../../../devnet/command/devnet-command.ts'
import { type MadeBlock, type MadeChain } from '../../../devnet/harness/make-chain.ts'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import {
  blockHashOf,
  fromHex,
  keyToAddress,
  signerOf,
  toHex
} from '../../../protocols/conformance/block-maker.ts'
import { readStartInputs } from '../../../src/config/start-inputs.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { readPeerKey } from '../../../src/net/peer-key.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const PEER = '/p2p/16Uiu2HAm3cuhhRL2msUuLF62KRSfneFDx94RsuouyW25Ho42cFMq'

describe('a chain that the devnet makes for the conformance suite', function () {
  this.timeout(60_000)
  const temporary = useTemporaryDirectory()

  async function run(...args: readonly string[]) {
    let stdout = ''
    let stderr = ''
    const exitCode = await runDevnet(args, {
      print: (text) => void (stdout += text),
      complain: (text) => void (stderr += text),
      cwd: temporary.path,
      input: process.stdin,
      terminal: undefined,
      hasColor: () => false,
      onExit: () => undefined,
      onStopSignal: () => () => undefined,
      exitNow: () => undefined
    })
    return { exitCode, stdout, stderr }
  }

  async function make(): Promise<MadeChain> {
    const { exitCode, stdout, stderr } = await run('--make-chain', 'chain', '--json')
    assert.equal(exitCode, 0, stderr)
    return JSON.parse(stdout) as MadeChain
  }

  it('has blocks that are linked, hashed and signed, from its genesis to its head', async () => {
    const made = await make()
    const key = (await readFile(made.signerKeyFile, 'utf8')).trim()
    assert.equal(keyToAddress(fromHex(key)), made.signer)
    assert.equal((await stat(made.signerKeyFile)).mode & 0o777, 0o600)
    const { blocks, ...chain } = JSON.parse(await readFile(made.blocksFile, 'utf8')) as {
      readonly blocks: readonly MadeBlock[]
    }
    const { chainId, genesisHash, signer, head } = made
    assert.deepEqual(chain, { chainId, genesisHash, signer })
    let parentHash: string = genesisHash
    for (const [index, { number, hash, version, message }] of blocks.entries()) {
      const bytes = fromHex(message)
      assert.equal(version, 3)
      const decoded = decodeBlockMessage(3, bytes)
      const { payload } = decoded
      assert.deepEqual([number, payload.blockNumber], [index + 1, BigInt(index + 1)])
      assert.equal(toHex(payload.parentHash), parentHash)
      assert.equal(toHex(await blockHashOf(decoded)), hash)
      assert.equal(signerOf(BigInt(chainId), bytes), signer)
      assert.equal(payload.transactions.length, 3)
      parentHash = hash
    }
    assert.deepEqual(head, { number: blocks.length, hash: parentHash })
  })

  it('comes with a backup that starts on it, and with nothing that signs but the key', async () => {
    const { configFile, multiaddr, signer, genesisHash } = await make()
    const sources = { configFile, env: {}, flags: { peers: [PEER] }, cwd: temporary.path }
    const readers = { parseAdvertised, parseListen, parsePeer, readPeerKey }
    const { config, signers, peerKey } = await readStartInputs(sources, {}, readers)
    assert.equal(config.role, 'backup')
    assert.deepEqual(signers, [{ fromBlock: 0n, address: signer }])
    assert.ok(multiaddr.endsWith(`/p2p/${peerKey.peerId}`), multiaddr)
    assert.match(genesisHash, /^0x[0-9a-f]{64}$/)
    const names = await readdir(join(temporary.path, 'chain'))
    assert.deepEqual(names.sort(), [
      'blocks.json',
      'genesis.json',
      'node',
      'node.keys',
      'signer.key'
    ])
  })

  it('is made in a new directory alone, and beside no scenario', async () => {
    await writeFile(join(temporary.path, 'taken'), '')
    const taken = await run('--make-chain', 'taken')
    assert.equal(taken.exitCode, 2)
    assert.match(taken.stderr, /taken cannot be used: it is no directory/)
    const both = await run('--make-chain', 'chain', '--scenario', 'lost-journal')
    assert.equal(both.exitCode, 2)
    assert.match(both.stderr, /--make-chain takes no --scenario/)
  })
})
