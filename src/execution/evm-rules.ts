// The rules every part of execution shares: Prague on our chain id, with our crypto.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { paramsEVM } from '@ethereumjs/evm'
import { paramsTx } from '@ethereumjs/tx'
import { concatBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { recoverPublicKey } from '../base/secp256k1.ts'

/** EIP-155 replay protection starts here: v = 35 + 2 * chainId + parity. */
const EIP155_BASE = 35n

/** Prague for one chain. KZG is not loaded: blob transactions are refused; precompiles 0x02, 0x03, 0x05, and from 0x06 to 0x11 are our own. */
export function createEvmCommon(chainId: bigint): Common {
  const rules = new Common({
    chain: { ...Mainnet, chainId: Number(chainId), name: 'rollup' },
    hardfork: Hardfork.Prague,
    customCrypto: { keccak256, ecrecover }
  })
  rules.updateParams(paramsEVM)
  rules.updateParams = updateParamsOnce
  return rules
}

/** Each EVM gives its rules the same prices anew, and builds the table of all of them: half a millisecond a block. */
function updateParamsOnce(this: Common, params: Parameters<Common['updateParams']>[0]): void {
  if (params !== paramsEVM) Common.prototype.updateParams.call(this, params)
}

const rulesOfTransactions = new WeakMap<Common, Common>()

/**
 * The same rules for transactions, which share them: by itself each one copies them and builds a table of every gas
 * price for itself, 4 KiB and two thirds of the time that it takes to decode it.
 */
export function transactionRules(common: Common): Common {
  const known = rulesOfTransactions.get(common)
  if (known !== undefined) return known
  const rules = common.copy()
  rules.updateParams(paramsTx)
  rules.copy = () => rules
  rules.updateParams = () => undefined
  rulesOfTransactions.set(common, rules)
  return rules
}

/** The 64-byte public key, as the library wants it. Throws Secp256k1Error. */
function ecrecover(
  digest: Uint8Array,
  v: bigint,
  r: Uint8Array,
  s: Uint8Array,
  chainId?: bigint
): Uint8Array {
  const compact = concatBytes(padTo32(r), padTo32(s))
  return recoverPublicKey(digest, { compact, recovery: recoveryId(v, chainId) }).subarray(1)
}

function recoveryId(v: bigint, chainId: bigint | undefined): number {
  if (v === 0n || v === 1n) return Number(v)
  return Number(chainId === undefined ? v - 27n : v - (2n * chainId + EIP155_BASE))
}

function padTo32(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(32)
  padded.set(bytes, 32 - bytes.length)
  return padded
}
