// A genesis to begin with, where the operator brings none: all forks at once, funded test accounts.
import { DIGEST_FORKS } from '../../../protocols/status/fork-digest.ts'
import { bytesToHex, type Hex, hexQuantity } from '../../base/bytes.ts'
import { MESSAGE_PASSER } from './genesis-block.ts'
import { DEFAULT_EIP1559_PARAMETERS, encodeHoloceneExtraData } from '../blocks/holocene-extra.ts'

/** What the sample is made for. */
export interface SampleGenesis {
  readonly chainId: number
  /** Signs every block. */
  readonly signer: Hex
  /** Each gets a million ether. */
  readonly fundedAccounts: readonly Hex[]
  /** Seconds since the Unix epoch; blocks follow from then on. */
  readonly timestamp: number
  readonly blockTimeMs: number
}

const FUNDS_WEI = 10n ** 24n
/** What a slot of a second executes of nearly all work there is; the rest is cut off (src/execution/execution-time.ts). */
const GAS_LIMIT = 30_000_000
const BASE_FEE_WEI = 1_000_000_000

/** The contracts that the block loop calls before the transactions, with the code that their pages give. */
const SYSTEM_CONTRACTS = {
  // EIP-4788: parent beacon block roots.
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02':
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f3580156049576200' +
    '1fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f35906200' +
    '1fff015500',
  // EIP-2935: hashes of the last 8191 blocks.
  '0x0000f90827f1c53a10cb7a02335b175320002935':
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff' +
    '81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500'
} as const

/**
 * The account whose storage root every Isthmus header carries, with what every genesis of the OP Stack has in it: the
 * owner of its proxy (ERC-1967's admin slot). Without any storage op-node takes a block for one of an older layout
 * (op-service/eth, ExecutionPayload: the empty root stands for no withdrawalsRoot). A nonce, so that it is no empty
 * account, which the first touch would remove.
 */
const MESSAGE_PASSER_ACCOUNT = {
  balance: '0x0',
  nonce: '0x1',
  storage: {
    '0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103':
      '0x0000000000000000000000004200000000000000000000000000000000000018'
  }
}

/** The file's content: JSON, indented, for `parseGenesis`. */
export function sampleGenesisText(sample: SampleGenesis): string {
  const { chainId, signer, fundedAccounts, timestamp, blockTimeMs } = sample
  const forks = Object.fromEntries(DIGEST_FORKS.map((fork) => [`${fork}Time`, 0]))
  const contracts = Object.entries(SYSTEM_CONTRACTS).map(([address, code]) => [
    address,
    { balance: '0x0', nonce: '0x1', code }
  ])
  const accounts = fundedAccounts.map((address) => [
    address.toLowerCase(),
    { balance: `0x${FUNDS_WEI.toString(16)}` }
  ])
  const genesis = {
    config: {
      chainId,
      londonBlock: 0,
      ...forks,
      shanghaiTime: 0,
      cancunTime: 0,
      pragueTime: 0,
      rekindle: { blockTimeMs, signers: [{ fromBlock: 0, address: signer }] }
    },
    timestamp: hexQuantity(timestamp),
    gasLimit: hexQuantity(GAS_LIMIT),
    difficulty: '0x0',
    baseFeePerGas: hexQuantity(BASE_FEE_WEI),
    extraData: bytesToHex(encodeHoloceneExtraData(DEFAULT_EIP1559_PARAMETERS)),
    alloc: Object.fromEntries([
      ...contracts,
      [MESSAGE_PASSER, MESSAGE_PASSER_ACCOUNT],
      ...accounts
    ]) as Record<string, unknown>
  }
  return `${JSON.stringify(genesis, undefined, 2)}\n`
}
