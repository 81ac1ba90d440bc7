// eth_createAccessList: what a call touches, and the gas that it takes with that list.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { executionGenesis, testAddress } from '../../support/execution-chain.ts'
import { call as callCode, code, codeHex, initCode, word } from '../../support/execution-code.ts'
import { KEEPER, openRpcChain, REVERTER, type RpcChainFixture } from './rpc-chain.ts'

const RICH = testAddress(3)
const ANYWHERE: Hex = `0x${'dd'.repeat(20)}`
const SHA256: Hex = `0x${'00'.repeat(19)}02`
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`

let rpc: RpcChainFixture

const messageOf = async (method: string, ...params: readonly unknown[]) => {
  const { error } = await rpc.ask(method, ...params)
  assert.equal(error?.code, -32000, JSON.stringify(error))
  return error.message
}

describe('eth_createAccessList', () => {
  const READER: Hex = '0x00000000000000000000000000000000000000d1'

  before(async () => {
    const alloc = {
      [KEEPER]: {
        code: codeHex(1, 'SLOAD', 0, 'MSTORE', 32, 0, 'RETURN'),
        storage: { [word(1)]: word(7) }
      },
      [REVERTER]: { code: codeHex(5, 'SLOAD', 0, 0, 'REVERT') },
      // A slot, an account, a contract's slot by way of it, itself, its caller and a precompile.
      [READER]: {
        code: codeHex(
          code(3, 'SLOAD', 'POP', ANYWHERE, 'BALANCE', 'POP'),
          code(callCode(KEEPER), 'POP', 'ADDRESS', 'EXTCODESIZE', 'POP'),
          code('CALLER', 'BALANCE', 'POP', SHA256, 'EXTCODEHASH')
        )
      }
    } as const
    rpc = await openRpcChain({ genesis: executionGenesis(alloc), transactions: [[], []] })
  })

  it('lists what is touched but for sender, target and precompiles, and the gas with that', async () => {
    const call = { from: RICH, to: READER }
    const accessList = [
      { address: KEEPER, storageKeys: [word(1)] },
      { address: READER, storageKeys: [word(3)] },
      { address: ANYWHERE, storageKeys: [] }
    ]
    const listed = (await rpc.result('eth_createAccessList', call)) as {
      accessList: unknown
      gasUsed: Hex
    }
    assert.deepEqual(listed.accessList, accessList)
    const used = { ...call, accessList, gas: listed.gasUsed }
    assert.equal(await rpc.result('eth_call', used), '0x')
    const less = { ...used, gas: hex(BigInt(listed.gasUsed) - 1n) }
    assert.equal(await messageOf('eth_call', less), 'out of gas')
  })
  it('keeps what the caller listed', async () => {
    const accessList = [{ address: ANYWHERE, storageKeys: [word(9)] }]
    const call = { from: RICH, to: RICH, accessList }
    assert.deepEqual(await rpc.result('eth_createAccessList', call), {
      accessList,
      gasUsed: hex(21_000 + 2_400 + 1_900)
    })
  })
  it('says what the call failed with, beside the list', async () => {
    const listed = await rpc.result('eth_createAccessList', { from: RICH, to: REVERTER })
    assert.deepEqual(listed, {
      accessList: [{ address: REVERTER, storageKeys: [word(5)] }],
      error: 'execution reverted',
      // Three pushes and a warm slot, the list and the call itself.
      gasUsed: hex(21_000 + 2_400 + 1_900 + 107)
    })
  })
  it('leaves out the contract that a creation makes', async () => {
    const init = code(1, 'SLOAD', 'POP', initCode(code('STOP')))
    const call = { from: RICH, data: bytesToHex(init) }
    const { accessList } = (await rpc.result('eth_createAccessList', call)) as {
      accessList: { storageKeys: unknown }[]
    }
    assert.deepEqual(
      accessList.map(({ storageKeys }) => storageKeys),
      [[word(1)]]
    )
  })
  it('is on the state that overrides make', async () => {
    const overrides = { [RICH]: { code: codeHex(4, 'SLOAD') } }
    const call = { from: RICH, to: RICH }
    const listed = await rpc.result('eth_createAccessList', call, null, overrides)
    assert.deepEqual(listed, {
      accessList: [{ address: RICH, storageKeys: [word(4)] }],
      gasUsed: hex(21_000 + 2_400 + 1_900 + 103)
    })
  })
  for (const [what, call, message] of [
    [
      'a sender without what the fees are',
      { to: RICH, gas: hex(21_000) },
      /^failed to apply transaction: .*err: insufficient funds for gas \* price \+ value: /
    ],
    ['a price of nothing', { gasPrice: '0x0' }, /^gasPrice must be non-zero after london fork$/],
    [
      'a tip above its cap',
      { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      /^maxFeePerGas \(0x1\) < maxPriorityFeePerGas \(0x2\)$/
    ],
    [
      'a cap of nothing',
      { maxFeePerGas: '0x0', maxPriorityFeePerGas: '0x0' },
      /^maxFeePerGas must be non-zero$/
    ],
    [
      'a price beside authorizations',
      { gasPrice: '0x1', authorizationList: [] },
      /^both gasPrice and authorizationList specified$/
    ],
    [
      'blobs that cost nothing',
      { maxFeePerBlobGas: '0x0' },
      /^maxFeePerBlobGas, if specified, must be non-zero$/
    ]
  ] as const) {
    it(`is refused: ${what}`, async () => {
      assert.match(await messageOf('eth_createAccessList', call), message)
    })
  }
})
