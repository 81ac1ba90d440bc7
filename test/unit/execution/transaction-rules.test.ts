// The rules that transactions share: the same as each one would make for itself, made once.
import assert from 'node:assert/strict'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTxFromRLP, getCalldataFloorGas, paramsTx } from '@ethereumjs/tx'
import { createEvmCommon, transactionRules } from '../../../src/execution/evm-rules.ts'
import { prepareTransaction } from '../../../src/execution/transaction.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { authorization, signedTx } from '../../support/execution-transactions.ts'

const TO = testAddress(9)

/** The library's own rules, without a part of ours. */
function libraryCommon(): Common {
  const chain = { ...Mainnet, chainId: Number(EXECUTION_CHAIN_ID), name: 'library' }
  return new Common({ chain, hardfork: Hardfork.Prague })
}

describe('the rules of transactions', () => {
  const common = createEvmCommon(EXECUTION_CHAIN_ID)

  it('are one table for all of a chain, and another for another chain', () => {
    const [one, other] = [0, 1].map((nonce) => signedTx({ nonce: BigInt(nonce), to: TO }))
    const rules = transactionRules(common)
    assert.equal(prepareTransaction(one!, common).tx.common, rules)
    assert.equal(prepareTransaction(other!, common).tx.common, rules)
    assert.notEqual(transactionRules(createEvmCommon(EXECUTION_CHAIN_ID + 1n)), rules)
    assert.notEqual(rules, common)
  })

  for (const type of [0, 1, 2, 4] as const) {
    it(`give type ${type} the gas that the library gives it`, () => {
      const authorizationList = type === 4 ? [authorization({ from: 4, target: TO })] : []
      const raw = signedTx({ type, to: TO, data: Uint8Array.of(0, 255, 0, 255), authorizationList })
      const { tx, sender } = prepareTransaction(raw, common)
      const own = createTxFromRLP(raw, { common: libraryCommon() })
      assert.equal(tx.getIntrinsicGas(), own.getIntrinsicGas())
      assert.equal(getCalldataFloorGas(tx, sender), getCalldataFloorGas(own, sender))
    })
  }

  it('have every parameter that a transaction reads', () => {
    const own = libraryCommon()
    own.updateParams(paramsTx)
    for (const [eip, params] of Object.entries(paramsTx)) {
      if (!own.isActivatedEIP(Number(eip))) continue
      for (const name of Object.keys(params)) {
        assert.equal(transactionRules(common).param(name), own.param(name), name)
      }
    }
  })
})
