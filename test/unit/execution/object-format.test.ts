// Code that begins as the EVM object format does, 0xef00: run and read like any other, since no fork of ours has the format.
import assert from 'node:assert/strict'
import { bytesToHex, hexToBytes, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { executionGenesis, ExecutionChain } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'

const CREATOR: Hex = '0x00000000000000000000000000000000000000c1'
/** A nonce of its own creation, so that it is a contract. */
const NONCE = '0x1'
const GAS_LIMIT = 200_000n

/** Gas and the creator's nonce after it created with these two bytes of init code. */
async function create(opcode: 'CREATE' | 'CREATE2', initCode: string) {
  const creation = opcode === 'CREATE' ? '6002601e5ff0' : '5f6002601e5ff5'
  const code: Hex = `0x61${initCode}5f52${creation}5000`
  const chain = await ExecutionChain.open(executionGenesis({ [CREATOR]: { nonce: NONCE, code } }))
  const { receipts } = await chain.extend([signedTx({ to: CREATOR, gasLimit: GAS_LIMIT })])
  const account = chain.view().account(keccak256(hexToBytes(CREATOR)))
  return { gasUsed: receipts[0]?.cumulativeGasUsed ?? 0n, nonce: account?.nonce }
}

describe('init code of the object format', () => {
  for (const opcode of ['CREATE', 'CREATE2'] as const) {
    it(`is run by ${opcode}: it burns all gas but a 64th, and the nonce rises`, async () => {
      const object = await create(opcode, 'ef00')
      assert.deepEqual(object, await create(opcode, 'ef01'))
      assert.equal(object.nonce, 2n)
      assert.ok(object.gasUsed > (GAS_LIMIT * 9n) / 10n, String(object.gasUsed))
    })
  }
})

describe('code of the object format, in the genesis', () => {
  const OTHER: Hex = '0x00000000000000000000000000000000000000c2'
  const CODE: Hex = '0xef000102'

  /** The word that a contract answers with; `read` leaves it on the stack. */
  async function answerOf(read: string) {
    const code: Hex = `0x${read}5f5500`
    const alloc = { [CREATOR]: { code }, [OTHER]: { code: CODE } }
    const chain = await ExecutionChain.open(executionGenesis(alloc))
    await chain.extend([signedTx({ to: CREATOR, gasLimit: GAS_LIMIT })])
    const slot = keccak256(new Uint8Array(32))
    return bytesToHex(chain.view().slot(keccak256(hexToBytes(CREATOR)), slot) ?? new Uint8Array())
  }
  const other = `73${OTHER.slice(2)}`

  it('has its whole size', async () => {
    assert.equal(await answerOf(`${other}3b`), '0x04')
  })
  it('has its own hash', async () => {
    assert.equal(await answerOf(`${other}3f`), bytesToHex(keccak256(hexToBytes(CODE))))
  })
  it('is copied whole', async () => {
    assert.equal(await answerOf(`60045f601c${other}3c5f51`), '0xef000102')
  })
})
