// Methods that read accounts, run calls, name prices, and speak of the node.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { nodeMethods } from '../../../src/rpc/node-methods.ts'
import { type RpcNode } from '../../../src/rpc/ports.ts'
import { codeHex, word } from '../../support/execution-code.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { KEEPER, LOGGER, openRpcChain, REVERTER, type RpcChainFixture } from './rpc-chain.ts'
import { rpcContext } from '../../support/rpc-answer.ts'

const NOBODY: Hex = `0x${'99'.repeat(20)}`
const UNKNOWN: Hex = `0x${'ee'.repeat(32)}`
const hex = (value: bigint | number) => `0x${value.toString(16)}`

let rpc: RpcChainFixture

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    rpc = await openRpcChain()
  })
}

describe('an account', () => {
  useFixture()

  const MILLION_ETHER = 10n ** 24n
  const rows: readonly (readonly [
    what: string,
    method: string,
    params: readonly unknown[],
    result: unknown
  ])[] = [
    ['balance at the head', 'eth_getBalance', [testAddress(7), 'latest'], hex(MILLION_ETHER + 5n)],
    [
      'balance where no block is named',
      'eth_getBalance',
      [testAddress(7)],
      hex(MILLION_ETHER + 5n)
    ],
    ['balance at genesis', 'eth_getBalance', [testAddress(7), 'earliest'], hex(MILLION_ETHER)],
    ['balance of nobody', 'eth_getBalance', [NOBODY, 'latest'], '0x0'],
    ['nonce at the head', 'eth_getTransactionCount', [testAddress(0), 'latest'], '0x2'],
    ['nonce at genesis', 'eth_getTransactionCount', [testAddress(0), '0x0'], '0x0'],
    ['nonce with pending ones', 'eth_getTransactionCount', [testAddress(0), 'pending'], '0x2'],
    ['nonce of nobody', 'eth_getTransactionCount', [NOBODY, 'latest'], '0x0'],
    ['code', 'eth_getCode', [REVERTER, 'latest'], codeHex(0x2a, 0, 'MSTORE', 32, 0, 'REVERT')],
    ['code of one without', 'eth_getCode', [testAddress(0), 'latest'], '0x'],
    ['code of nobody', 'eth_getCode', [NOBODY, 'latest'], '0x'],
    ['slot', 'eth_getStorageAt', [KEEPER, '0x1', 'latest'], word(7)],
    ['slot in 32 bytes', 'eth_getStorageAt', [KEEPER, word(1), 'latest'], word(7)],
    ['slot that is not set', 'eth_getStorageAt', [KEEPER, '0x2', 'latest'], word(0)],
    ['slot by decimal digits, which are hex', 'eth_getStorageAt', [KEEPER, '01', null], word(7)],
    ['slot of nobody', 'eth_getStorageAt', [NOBODY, '0x0'], word(0)]
  ]
  for (const [what, method, params, result] of rows) {
    it(`is read: ${what}`, async () => {
      assert.equal(await rpc.result(method, ...params), result)
    })
  }
  it('is read at a block by its hash', async () => {
    const block = { blockHash: rpc.blocks[2]!.hash }
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(1), block), '0x1')
  })
  for (const [what, block, message] of [
    ['a block above the head', '0x4', 'header not found'],
    ['an unknown block', { blockHash: UNKNOWN }, 'header for hash not found'],
    ['a block whose state is gone', '0x1', 'state of block 1 is not available; the oldest is 2'],
    ['the safe block', 'safe', 'safe block not found'],
    ['the finalized block', 'finalized', 'finalized block not found']
  ] as const) {
    it(`is not read at ${what}, and that is said`, async () => {
      for (const [method, ...params] of [
        ['eth_getBalance', NOBODY],
        ['eth_getTransactionCount', NOBODY],
        ['eth_getCode', NOBODY],
        ['eth_getStorageAt', NOBODY, '0x0'],
        ['eth_call', { to: NOBODY }],
        ['eth_estimateGas', { to: NOBODY }]
      ] as const) {
        const { error } = await rpc.ask(method, ...params, block)
        assert.deepEqual(error, { code: -32000, message }, method)
      }
    })
  }
})

describe('while the gate is shut', () => {
  useFixture()

  const facts = {
    ok: false,
    state: 'recovering',
    stages: [{ name: 'fetch-blocks', done: 3, left: 4 }]
  }
  const error = { code: -32010, message: 'no new blocks while the node recovers', data: facts }

  before(() => {
    rpc.gate.shut = facts
  })
  after(() => {
    rpc.gate.shut = undefined
  })

  for (const [what, method, params] of [
    ['the state of a block to come', 'eth_getBalance', [NOBODY, '0x4']],
    ['a call on a block to come', 'eth_call', [{ to: KEEPER }, '0x4']],
    ['logs of a block to come', 'eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x4' }]],
    ['fees of a block to come', 'eth_feeHistory', ['0x1', '0x4']],
    ['the state of the head, which is being rebuilt', 'eth_getBalance', [NOBODY, 'latest']]
  ] as const) {
    it(`${what} is answered with what the node does instead`, async () => {
      assert.deepEqual((await rpc.ask(method, ...params)).error, error)
    })
  }
  it('everything that is there is answered as ever', async () => {
    assert.equal(await rpc.result('eth_blockNumber'), '0x3')
    assert.equal(await rpc.result('eth_getBlockByNumber', '0x4', false), null)
    assert.equal(await rpc.result('eth_getTransactionCount', testAddress(0), '0x2'), '0x2')
    assert.equal((await rpc.ask('eth_getBalance', NOBODY, '0x1')).error?.code, -32000)
    assert.equal((await rpc.ask('eth_call', {}, { blockHash: UNKNOWN })).error?.code, -32000)
  })
})

describe('a call', () => {
  useFixture()

  it('gives what the contract returns, under either name of its bytes', async () => {
    assert.equal(await rpc.result('eth_call', { to: KEEPER }, 'latest'), word(7))
    assert.equal(await rpc.result('eth_call', { to: KEEPER, data: '0x' }), word(7))
    assert.equal(await rpc.result('eth_call', { to: KEEPER, input: '0x00' }), word(7))
    assert.equal(await rpc.result('eth_call', { to: testAddress(0) }), '0x')
  })
  it('leaves no trace', async () => {
    const value = hex(10n ** 20n)
    assert.equal(await rpc.result('eth_call', { from: testAddress(0), to: NOBODY, value }), '0x')
    assert.equal(await rpc.result('eth_getBalance', NOBODY), '0x0')
  })
  it('that reverts has code 3 and what the contract said', async () => {
    for (const method of ['eth_call', 'eth_estimateGas']) {
      const { error } = await rpc.ask(method, { to: REVERTER })
      assert.deepEqual(error, { code: 3, message: 'execution reverted', data: word(0x2a) })
    }
  })
  it('with too little gas fails and says so', async () => {
    const { error } = await rpc.ask('eth_call', { to: KEEPER, gas: '0x5207' })
    assert.deepEqual(error, {
      code: -32000,
      message: 'err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)'
    })
  })
  it('of a transfer needs 21000 gas', async () => {
    const call = { from: testAddress(0), to: NOBODY, value: '0x1' }
    assert.equal(await rpc.result('eth_estimateGas', call), hex(21_000))
  })
  it('of a contract needs what it used, and 1/64 more at most', async () => {
    // Block 3: the receipt of the second transaction, from account 2 with one word of data.
    const data = `0x${'cc'.padStart(64, '0')}`
    const estimate = BigInt(
      String(await rpc.result('eth_estimateGas', { from: testAddress(2), to: LOGGER, data }))
    )
    const receipts = (await rpc.result('eth_getBlockReceipts', '0x3')) as readonly {
      gasUsed: string
    }[]
    const used = BigInt(receipts[1]!.gasUsed)
    assert.ok(
      estimate >= used && estimate <= used + used / 63n + 2_300n,
      `${estimate}, used ${used}`
    )
  })
})

describe('prices', () => {
  useFixture()

  /** 996,000,000 at block 1; it used 96,598 of a target of 10,000,000, and so on. */
  const baseFeesOf = () => rpc.blocks.map(({ header }) => header.baseFeePerGas)

  it('are the higher of the head’s and the next base fee, and a small tip', async () => {
    const history = (await rpc.result('eth_feeHistory', '0x1', 'latest', [])) as {
      baseFeePerGas: string[]
    }
    const next = BigInt(history.baseFeePerGas[1]!)
    const { baseFeePerGas } = rpc.chain.head.header
    // The blocks are nearly empty: the head's is the higher one, and an estimate on the head holds the price to it.
    assert.ok(baseFeePerGas > next)
    const gasPrice = hex(baseFeePerGas + 1_000_000n)
    assert.equal(await rpc.result('eth_gasPrice'), gasPrice)
    const call = { from: testAddress(0), to: NOBODY, gasPrice }
    assert.equal(await rpc.result('eth_estimateGas', call), hex(21_000))
    assert.equal(await rpc.result('eth_maxPriorityFeePerGas'), hex(1_000_000))
  })
  it('of the past are those of the blocks asked for, and of the one after them', async () => {
    const [, one, two, three] = baseFeesOf()
    const { header } = rpc.blocks[1]!
    assert.deepEqual(await rpc.result('eth_feeHistory', '0x2', '0x2'), {
      oldestBlock: '0x1',
      baseFeePerGas: [one, two, three].map((fee) => hex(fee!)),
      gasUsedRatio: [Number(header.gasUsed) / 30_000_000, 0],
      baseFeePerBlobGas: ['0x1', '0x1', '0x1'],
      blobGasUsedRatio: [0, 0]
    })
  })
  it('of the past reach to genesis and not beyond', async () => {
    for (const count of ['0x4', '0x400', '0xffffffff', 4]) {
      const history = (await rpc.result('eth_feeHistory', count, 'latest')) as Record<
        string,
        unknown[]
      >
      assert.equal(history.oldestBlock, '0x0')
      assert.equal(history.baseFeePerGas?.length, 5)
      assert.equal(history.gasUsedRatio?.length, 4)
    }
  })
  it('of the past have the tips at percentiles of the gas', async () => {
    const history = (await rpc.result('eth_feeHistory', '0x3', 'latest', [0, 50, 100])) as {
      reward: string[][]
    }
    const legacyTip = (baseFee: bigint) => 100_000_000_000n - baseFee
    const [, one, , three] = baseFeesOf()
    // Block 1 by tip: 53,054 gas at 1 gwei, 22,544 at 3, 21,000 at the legacy price; half of 96,598 is in the first.
    assert.deepEqual(history.reward, [
      [hex(1_000_000_000), hex(1_000_000_000), hex(legacyTip(one!))],
      ['0x0', '0x0', '0x0'],
      // Block 3 by tip: 22,544 gas at 2 gwei, and 26,844 at the price of type 1.
      [hex(2_000_000_000), hex(legacyTip(three!)), hex(legacyTip(three!))]
    ])
  })
  for (const [what, params, code] of [
    ['an unknown block', ['0x1', '0x9'], -32000],
    ['a percentile above 100', ['0x1', 'latest', [101]], -32602],
    ['a percentile below 0', ['0x1', 'latest', [-1]], -32602],
    ['percentiles that go down', ['0x1', 'latest', [50, 40]], -32602],
    ['too many percentiles', ['0x1', 'latest', Array<number>(101).fill(1)], -32602],
    ['a count in words', ['ten', 'latest'], -32602]
  ] as const) {
    it(`of the past are refused for ${what}`, async () => {
      assert.equal((await rpc.ask('eth_feeHistory', ...params)).error?.code, code)
    })
  }
})

describe('the node', () => {
  useFixture()

  for (const [method, result] of [
    ['eth_chainId', '0x385'],
    ['net_version', '901'],
    ['net_listening', true],
    ['net_peerCount', '0x3'],
    ['web3_clientVersion', 'rekindle/v0.0.0/test'],
    ['eth_accounts', []],
    ['eth_syncing', false],
    ['rekindle_status', { role: 'sequencer' }]
  ] as const) {
    it(`answers ${method}`, async () => {
      assert.deepEqual(await rpc.result(method), result)
    })
  }
  it('that is behind says how far', () => {
    const node: RpcNode = {
      chainId: 1n,
      clientVersion: '',
      status: () => ({}),
      peerCount: () => 0,
      gateShut: () => undefined,
      syncing: () => ({ startingBlock: 2n, currentBlock: 5n, highestBlock: 255n })
    }
    const { eth_syncing: syncing } = nodeMethods({ node, send: async () => UNKNOWN })
    const { startingBlock, currentBlock, highestBlock, ...counters } = syncing?.(
      [],
      rpcContext()
    ) as Record<string, string>
    assert.deepEqual([startingBlock, currentBlock, highestBlock], ['0x2', '0x5', '0xff'])
    // Those of geth's answer, which a client of its own reads as numbers.
    assert.equal(Object.keys(counters).length, 15)
    assert.ok(Object.values(counters).every((counter) => counter === '0x0'))
  })
})
