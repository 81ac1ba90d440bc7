// eth_getProof: geth's form, and proofs that @ethereumjs/mpt verifies against the roots of the blocks.
import assert from 'node:assert/strict'
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { word } from '../../support/execution-code.ts'
import { KEEPER, openRpcChain, REVERTER, type RpcChainFixture } from './rpc-chain.ts'

interface Proof {
  readonly address: Hex
  readonly accountProof: readonly Hex[]
  readonly balance: Hex
  readonly codeHash: Hex
  readonly nonce: Hex
  readonly storageHash: Hex
  readonly storageProof: readonly {
    readonly key: Hex
    readonly value: Hex
    readonly proof: readonly Hex[]
  }[]
}

const NOBODY: Hex = `0x${'99'.repeat(20)}`
const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`
const EMPTY_ROOT = bytesToHex(keccak256(Uint8Array.of(0x80)))
const NO_CODE = bytesToHex(keccak256(new Uint8Array(0)))
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`

let rpc: RpcChainFixture

const proofOf = async (...params: readonly unknown[]) =>
  (await rpc.result('eth_getProof', ...params)) as Proof

/** What the oracle concludes of the nodes; undefined where they show that the key is not there. Throws for others. */
async function conclude(root: Hex, key: Hex, nodes: readonly Hex[]) {
  const opts = { root: hexToBytes(root), useKeyHashingFunction: keccak256 }
  const value = await verifyMerkleProof(
    keccak256(hexToBytes(key)),
    nodes.map((node) => hexToBytes(node)),
    opts
  )
  return value ?? undefined
}

const minimal = (value: Hex) => hexToBytes(value === '0x0' ? '0x' : padded(value))
const padded = (value: Hex): Hex => (value.length % 2 === 0 ? value : `0x0${value.slice(2)}`)

async function assertProven(proof: Proof, root: Hex): Promise<void> {
  const { address, nonce, balance, storageHash, codeHash, storageProof } = proof
  const fields = [minimal(nonce), minimal(balance), hexToBytes(storageHash), hexToBytes(codeHash)]
  const account = await conclude(root, address, proof.accountProof)
  const expected = codeHash === ZERO_HASH ? undefined : RLP.encode(fields)
  assert.deepEqual(account && bytesToHex(account), expected && bytesToHex(expected))
  for (const { key, value, proof: nodes } of storageProof) {
    if (storageHash === ZERO_HASH || storageHash === EMPTY_ROOT) {
      assert.deepEqual([value, nodes], ['0x0', []])
      continue
    }
    const slot = await conclude(storageHash, `0x${key.slice(2).padStart(64, '0')}`, nodes)
    const found = value === '0x0' ? undefined : bytesToHex(RLP.encode(minimal(value)))
    assert.equal(slot && bytesToHex(slot), found)
  }
}

describe('eth_getProof', () => {
  before(async () => {
    rpc = await openRpcChain()
  })

  it('proves accounts and slots that are there and that are not, at the head and on the disk layer', async () => {
    const heights = [
      ...[['latest', 3] as const, ['earliest', 0] as const, ['0x2', 2] as const],
      [{ blockHash: rpc.blocks[3]!.hash }, 3] as const
    ]
    for (const [block, number] of heights) {
      const root = rpc.blocks[number]!.stateRoot
      for (const address of [KEEPER, REVERTER, testAddress(0), testAddress(7), NOBODY]) {
        await assertProven(await proofOf(address, ['0x1', word(2), '0x'], block), root)
      }
    }
  })
  it('shows a contract with its slots as geth does', async () => {
    const proof = await proofOf(KEEPER, ['0x1', word(1), '0x0'], 'latest')
    assert.deepEqual(Object.keys(proof), [
      ...['address', 'accountProof', 'balance', 'codeHash', 'nonce'],
      ...['storageHash', 'storageProof']
    ])
    const code = String(await rpc.result('eth_getCode', KEEPER)) as Hex
    assert.equal(proof.address, KEEPER)
    assert.equal(proof.codeHash, bytesToHex(keccak256(hexToBytes(code))))
    assert.deepEqual([proof.nonce, proof.balance], ['0x0', '0x0'])
    assert.ok(proof.accountProof.length > 0)
    assert.deepEqual(
      proof.storageProof.map(({ key, value }) => [key, value]),
      [
        ['0x1', '0x7'],
        [word(1), '0x7'],
        ['0x0', '0x0']
      ]
    )
    assert.deepEqual(proof.storageProof[0]!.proof, proof.storageProof[1]!.proof)
  })
  it('shows an account without code or storage, and nobody, as geth does', async () => {
    const balance = await rpc.result('eth_getBalance', testAddress(7))
    const rich = await proofOf(testAddress(7), [], 'latest')
    assert.deepEqual(
      { ...rich, accountProof: [] },
      {
        address: testAddress(7),
        accountProof: [],
        balance,
        codeHash: NO_CODE,
        nonce: '0x0',
        storageHash: EMPTY_ROOT,
        storageProof: []
      }
    )
    const { accountProof, ...nobody } = await proofOf(NOBODY, ['0x5'])
    assert.ok(accountProof.length > 0)
    assert.deepEqual(nobody, {
      address: NOBODY,
      balance: '0x0',
      codeHash: ZERO_HASH,
      nonce: '0x0',
      storageHash: ZERO_HASH,
      storageProof: [{ key: '0x5', value: '0x0', proof: [] }]
    })
  })
  for (const [given, key] of [
    ['0x', '0x0'],
    ['', '0x0'],
    ['1', '0x1'],
    ['0X0001', '0x1'],
    ['0xABC', '0xabc'],
    [`0x${'0'.repeat(62)}`, '0x0'],
    [`0x${'0'.repeat(63)}`, ZERO_HASH],
    ['F'.repeat(64), `0x${'f'.repeat(64)}`]
  ] as const) {
    it(`takes '${given.slice(0, 8)}' of ${given.length} characters as a key`, async () => {
      const { storageProof } = await proofOf(KEEPER, [given])
      assert.equal(storageProof[0]?.key, key)
    })
  }
  it('takes null for no keys, and null or nothing for the block', async () => {
    assert.deepEqual((await proofOf(KEEPER, null, 'latest')).storageProof, [])
    assert.deepEqual((await proofOf(KEEPER, [])).storageProof, [])
  })
  for (const [what, params, code, message] of [
    [
      'a key of 33 bytes',
      [KEEPER, [`0x${'11'.repeat(33)}`]],
      -32602,
      /argument 1\.0: must be a storage key/
    ],
    [
      'a key that is no hex',
      [KEEPER, ['0x1', '0xzz']],
      -32602,
      /argument 1\.1: must be a storage key/
    ],
    [
      '1,025 keys',
      [KEEPER, Array(1025).fill('0x1')],
      -32602,
      /argument 1: too many storage keys: at most 1024/
    ],
    ['no keys at all', [KEEPER], -32602, /argument 1: is missing/],
    [
      'a block whose state is gone',
      [KEEPER, [], '0x1'],
      -32000,
      /state of block 1 is not available/
    ],
    ['a block above the head', [KEEPER, [], hex(9)], -32000, /header not found/]
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { error } = await rpc.ask('eth_getProof', ...params)
      assert.equal(error?.code, code)
      assert.match(error.message, message)
    })
  }
  it('proves 1,024 keys in one request', async () => {
    const keys = Array.from({ length: 1024 }, (_, index) => hex(index))
    const { storageProof } = await proofOf(KEEPER, keys)
    assert.deepEqual(
      storageProof.filter(({ value }) => value !== '0x0').map(({ key }) => key),
      ['0x1']
    )
    assert.equal(storageProof.length, 1024)
  })
})
