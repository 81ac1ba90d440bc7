// The first block of a genesis file: every field of its header, and its hash.
import assert from 'node:assert/strict'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { genesisBlock } from '../../../src/chain/genesis/genesis-block.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { ADDRESS, withFile } from './genesis-fixture.ts'

const EMPTY_TRIE = hexToBytes('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
const NO_OMMERS = hexToBytes('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347')
const NO_REQUESTS = hexToBytes('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
const STATE_ROOT = `0x${'11'.repeat(32)}` as const
const PASSER_ROOT = new Uint8Array(32).fill(0x22)
const ROOTS = { stateRoot: STATE_ROOT, messagePasserRoot: PASSER_ROOT }

describe('the genesis block', () => {
  const text = withFile({
    coinbase: ADDRESS,
    mixHash: `0x${'33'.repeat(32)}`,
    nonce: 5,
    baseFeePerGas: 9
  })
  const block = genesisBlock(parseGenesis(text), ROOTS)

  it('has what the file says, and what every first block has', () => {
    assert.deepEqual(block.header, {
      parentHash: new Uint8Array(32),
      ommersHash: NO_OMMERS,
      feeRecipient: hexToBytes(ADDRESS),
      stateRoot: hexToBytes(STATE_ROOT),
      transactionsRoot: EMPTY_TRIE,
      receiptsRoot: EMPTY_TRIE,
      logsBloom: new Uint8Array(256),
      difficulty: 0n,
      number: 0n,
      gasLimit: 30_000_000n,
      gasUsed: 0n,
      timestamp: 101n,
      extraData: hexToBytes('0x00000000fa00000006'),
      prevRandao: new Uint8Array(32).fill(0x33),
      nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5),
      baseFeePerGas: 9n,
      withdrawalsRoot: PASSER_ROOT,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: new Uint8Array(32),
      requestsHash: NO_REQUESTS
    })
  })
  it('is named by its number, hashes and state', () => {
    const { number, parentHash, stateRoot, transactions } = block
    assert.deepEqual(
      { number, parentHash, stateRoot, transactions },
      { number: 0n, parentHash: `0x${'00'.repeat(32)}`, stateRoot: STATE_ROOT, transactions: [] }
    )
  })
  it('is another block for another state, time or storage of the message passer', () => {
    const genesis = parseGenesis(text)
    const hashes = [
      block,
      genesisBlock(genesis, { ...ROOTS, stateRoot: `0x${'12'.repeat(32)}` }),
      genesisBlock(genesis, { ...ROOTS, messagePasserRoot: EMPTY_TRIE }),
      genesisBlock({ ...genesis, timestamp: 102n }, ROOTS)
    ].map(({ hash }) => hash)
    assert.equal(new Set(hashes).size, 4)
    assert.equal(genesisBlock(genesis, ROOTS).hash, block.hash)
  })
})
