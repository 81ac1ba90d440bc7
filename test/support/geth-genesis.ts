// The sample genesis in the form that an unchanged geth takes it in: no storage of the OP Stack, Ethereum's fee numbers.
import { MESSAGE_PASSER } from '../../src/chain/genesis/genesis-block.ts'
import { type SampleGenesis, sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'

/** extraData of denominator 8 and elasticity 2, by which geth counts the base fee (params, DefaultBaseFeeChangeDenominator). */
const ETHEREUM_EXTRA_DATA = '0x000000000800000002'

/**
 * JSON for `parseGenesis` and for `geth init`. The header of an Isthmus block is that of Prague as long as the message
 * passer has no storage: the root of its empty trie is that of no withdrawals.
 */
export function ethereumGenesisText(sample: SampleGenesis): string {
  const { alloc, ...file } = JSON.parse(sampleGenesisText(sample)) as {
    readonly alloc: Readonly<Record<string, unknown>>
    readonly config: Readonly<Record<string, unknown>>
  }
  const kept = Object.entries(alloc).filter(([address]) => address !== MESSAGE_PASSER)
  const config = { ...file.config, terminalTotalDifficulty: 0 }
  return JSON.stringify({
    ...file,
    config,
    extraData: ETHEREUM_EXTRA_DATA,
    alloc: Object.fromEntries(kept)
  })
}
