// A signed transfer of type 2 (EIP-1559), made without a wallet: thousands of them a second.
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, concatBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { signDigest } from '../../src/base/secp256k1.ts'

/** What varies from one to the next. */
export interface Transfer {
  readonly chainId: bigint
  readonly nonce: bigint
  /** 20 bytes; none for a creation. */
  readonly to: Uint8Array
  /** Without zero bytes, where no gas is named. */
  readonly data: Uint8Array
  /** Left out: what a transfer with this data takes. */
  readonly gas?: bigint
  /** In wei; one where it is left out. */
  readonly value?: bigint
}

const TYPE = Uint8Array.of(2)
const TIP_WEI = 10n ** 9n
const PRICE_MAX_WEI = 100n * 10n ** 9n
const TRANSFER_GAS = 21_000n
/** EIP-7623: four tokens of ten gas for a byte that is not zero. */
const BYTE_GAS = 40n

/** The envelope. */
export function signTransfer(
  { chainId, nonce, to, data, gas, value = 1n }: Transfer,
  key: Uint8Array
): Uint8Array {
  const gasLimit = gas ?? TRANSFER_GAS + BYTE_GAS * BigInt(data.length)
  const numbers = [chainId, nonce, TIP_WEI, PRICE_MAX_WEI, gasLimit].map((number) =>
    bigintToBytes(number)
  )
  const fields = [...numbers, to, bigintToBytes(value), data, []]
  const digest = keccak256(concatBytes(TYPE, RLP.encode(fields)))
  const { compact, recovery } = signDigest(digest, key)
  const signature = [
    bigintToBytes(BigInt(recovery)),
    trim(compact.slice(0, 32)),
    trim(compact.slice(32))
  ]
  return concatBytes(TYPE, RLP.encode([...fields, ...signature]))
}

function trim(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0))
}
