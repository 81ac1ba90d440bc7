// Genesis files as geth and op-geth write them: what is read, what is named beside them, and the hash geth has for them.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { MESSAGE_PASSER } from '../../../src/chain/genesis/genesis-block.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../../src/chain/genesis/sample-genesis.ts'
import { computeGenesisBlock } from '../../../src/node/open-stores.ts'
import { ethereumGenesisText } from '../../support/geth-genesis.ts'
import { projectPath } from '../../support/project-root.ts'
import {
  ADDRESS,
  CONFIG,
  problemsOf,
  withAccount,
  withConfig,
  withFile
} from './genesis-fixture.ts'

const GIVEN = { blockTimeMs: 2000, signers: [{ fromBlock: 0n, address: ADDRESS }] } as const
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const SAMPLE = {
  chainId: 901,
  signer: ADDRESS,
  fundedAccounts: [ADDRESS],
  timestamp: 1_750_000_000,
  blockTimeMs: 1000
} as const
const fixture = (name: string) => readFile(projectPath('test/fixtures', name), 'utf8')

describe('a genesis file of geth', () => {
  it('is taken as it is, with what it does not say named beside it', async () => {
    const genesis = parseGenesis(await fixture('genesis-plain.json'), GIVEN)
    assert.equal(genesis.config.blockTimeMs, 2000)
    assert.deepEqual(genesis.config.signers, GIVEN.signers)
    assert.equal(genesis.timestamp, 0n)
    assert.equal(genesis.extraData.length, 0)
    const word = (digit: number) => `0x${String(digit).padStart(64, '0')}`
    const [account] = genesis.alloc
    const slots = [...(account?.storage ?? [])].map(([slot, value]) => [slot, bytesToHex(value)])
    assert.deepEqual(slots, [[word(2), word(5)]])
  })
  it('without that is refused with the flags that say it', async () => {
    const problems = problemsOf(await fixture('genesis-plain.json'))
    assert.deepEqual(
      problems.map(({ key }) => key),
      ['config.rekindle.blockTimeMs', 'config.rekindle.signers']
    )
  })
  it('goes before what is named beside it', () => {
    const { config } = parseGenesis(withFile({}), {
      blockTimeMs: 2000,
      signers: [{ fromBlock: 0n, address: MESSAGE_PASSER }]
    })
    assert.equal(config.blockTimeMs, 1000)
    assert.equal(config.signers[0]?.address, ADDRESS)
  })
  it('has the hash that geth gives it', async () => {
    const { hash, header } = await computeGenesisBlock(
      parseGenesis(await fixture('genesis-plain.json'), GIVEN)
    )
    assert.equal(bytesToHex(header.withdrawalsRoot ?? new Uint8Array(0)), EMPTY_ROOT)
    assert.equal(hash, '0xe5978d0cebff1e7eac5fa52eb102fe7b7b343fb00c92282abb9d17099a35e9c8')
  })
  it('of Ethereum forks alone has those of the OP Stack that came with them', () => {
    const { rekindle } = CONFIG
    const config = { chainId: 901, rekindle, shanghaiTime: 1, cancunTime: 2, pragueTime: 3 }
    assert.deepEqual(parseGenesis(withFile({ config })).config.forks, {
      ...{ regolith: 1n, canyon: 1n, ecotone: 2n },
      ...{ fjord: 3n, granite: 3n, holocene: 3n, isthmus: 3n }
    })
  })
})

describe('numbers, keys and bytes as Go reads them', () => {
  const balanceOf = (text: string) => parseGenesis(text).alloc[0]?.balance
  for (const [written, balance] of [
    ['"0xde0b6b3a7640000"', 10n ** 18n],
    ['"0XDE0B6B3A7640000"', 10n ** 18n],
    ['"1000000000000000000"', 10n ** 18n],
    ['1000000000000000000000000', 10n ** 24n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['"0x00000000000000000000000000000007"', 7n],
    ['"007"', 7n],
    ['""', 0n]
  ] as const) {
    it(`a balance of ${written}`, () => {
      const text = withAccount({ balance: 'HERE' }).replace('"HERE"', written)
      assert.equal(balanceOf(text), balance)
    })
  }
  it('digits within a text stay a text', () => {
    const text = withFile({ note: 'more than 12345678901234567 \\" 12345678901234567' })
    assert.deepEqual(problemsOf(text), [])
  })
  it('a fraction is no whole number however long it is', () => {
    const text = withAccount({ balance: 'HERE' }).replace('"HERE"', '12345678901234567.5')
    assert.deepEqual(
      problemsOf(text).map(({ key }) => key),
      [`alloc.${ADDRESS}.balance`]
    )
  })
  it('names at the top in letters of either case, the exact one before others', () => {
    const text = withFile({ mixhash: `0x${'11'.repeat(32)}`, GASLIMIT: 1 })
    const { prevRandao, gasLimit } = parseGenesis(text)
    assert.equal(prevRandao[0], 0x11)
    assert.equal(gasLimit, 30_000_000n)
  })
  it('addresses without 0x, accounts with keys of others', () => {
    const alloc = { [ADDRESS.slice(2)]: { balance: '0x1', secretKey: '0x01', name: 'faucet' } }
    const { address } = parseGenesis(withFile({ alloc })).alloc[0] ?? {}
    assert.equal(address, ADDRESS)
  })
  it('no timestamp is 0', () => {
    assert.equal(parseGenesis(withFile({ timestamp: undefined })).timestamp, 0n)
  })
})

describe('empty extraData', () => {
  const withOptimism = (optimism: unknown) => {
    const file = JSON.parse(withConfig({ optimism })) as object
    return JSON.stringify({ ...file, extraData: '0x' })
  }
  for (const [what, optimism] of [
    ['without config.optimism', undefined],
    ['with the numbers of Canyon', { eip1559Elasticity: 6, eip1559DenominatorCanyon: 250 }]
  ] as const) {
    it(`is taken ${what}`, () => {
      assert.deepEqual(problemsOf(withOptimism(optimism)), [])
    })
  }
  it('is refused beside other numbers, with what to write', () => {
    const optimism = { eip1559Elasticity: 10, eip1559Denominator: 50 }
    assert.deepEqual(problemsOf(withOptimism(optimism)), [
      {
        key: 'extraData',
        problem:
          'is empty, which means 250 and 6, and config.optimism says 50 and 10: write 0x00000000320000000a'
      }
    ])
  })
})

describe('the sample genesis', () => {
  it('has one slot in the message passer, so that op-node takes its blocks for those of Isthmus', async () => {
    const genesis = parseGenesis(sampleGenesisText(SAMPLE))
    const account = genesis.alloc.find(({ address }) => address === MESSAGE_PASSER)
    assert.equal(account?.storage.size, 1)
    assert.equal(account.nonce, 1n)
    const { header } = await computeGenesisBlock(genesis)
    const root = bytesToHex(header.withdrawalsRoot ?? new Uint8Array(0))
    assert.equal(root, '0x2527617e608e162462d4098c8338838e3b87b562cd2096c05c7078777993827b')
  })
  it('beside geth has none, and the fee numbers of Ethereum', async () => {
    const genesis = parseGenesis(ethereumGenesisText(SAMPLE))
    assert.equal(bytesToHex(genesis.extraData), '0x000000000800000002')
    const { hash, header } = await computeGenesisBlock(genesis)
    assert.equal(bytesToHex(header.withdrawalsRoot ?? new Uint8Array(0)), EMPTY_ROOT)
    assert.equal(hash, '0xac010ad96148a5faca70c36ef661adc85f70b361efe41a201fa6b3555d7c5cc4')
  })
})
