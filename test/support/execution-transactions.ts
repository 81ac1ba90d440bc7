// Signed transactions of every type that runs here, in their envelopes.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import {
  createAccessList2930Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx
} from '@ethereumjs/tx'
import { type EOACode7702AuthorizationListBytesItem } from '@ethereumjs/util'
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, concatBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { signDigest } from '../../src/base/secp256k1.ts'
import { EXECUTION_CHAIN_ID, testKey } from './execution-chain.ts'

/** A transaction; everything has a default. Type 2 when it names none. */
export interface TxFields {
  readonly type?: 0 | 1 | 2 | 4
  /** Which `testKey` signs. */
  readonly from?: number
  readonly nonce?: bigint
  readonly to?: Hex | undefined
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gasLimit?: bigint
  /** gasPrice, or maxFeePerGas. */
  readonly price?: bigint
  /** maxPriorityFeePerGas. */
  readonly tip?: bigint
  readonly accessList?: readonly { address: Hex; storageKeys: Hex[] }[]
  readonly authorizationList?: readonly EOACode7702AuthorizationListBytesItem[]
  readonly chainId?: bigint
  /** A legacy transaction for any chain, as before EIP-155. */
  readonly isUnprotected?: boolean
}

const GWEI = 10n ** 9n

/** Signs and encodes. */
export function signedTx(fields: TxFields = {}): Uint8Array {
  const { type = 2, from = 0, to, chainId = EXECUTION_CHAIN_ID, price = 100n * GWEI } = fields
  const common = new Common({
    chain: { ...Mainnet, chainId: Number(chainId) },
    hardfork: fields.isUnprotected === true ? Hardfork.Homestead : Hardfork.Prague
  })
  const base = {
    nonce: fields.nonce ?? 0n,
    value: fields.value ?? 0n,
    data: fields.data ?? new Uint8Array(0),
    gasLimit: fields.gasLimit ?? 1_000_000n,
    ...(to !== undefined && { to })
  }
  const fees = { maxFeePerGas: price, maxPriorityFeePerGas: fields.tip ?? GWEI }
  const accessList = [...(fields.accessList ?? [])]
  const options = { common, allowUnlimitedInitCodeSize: true }
  const authorizationList = [...(fields.authorizationList ?? [])]
  const unsigned =
    type === 0
      ? createLegacyTx({ ...base, gasPrice: price }, options)
      : type === 1
        ? createAccessList2930Tx({ ...base, gasPrice: price, accessList, chainId }, options)
        : type === 2
          ? createFeeMarket1559Tx({ ...base, ...fees, accessList, chainId }, options)
          : createEOACode7702Tx(
              { ...base, ...fees, accessList, authorizationList, chainId },
              options
            )
  return unsigned.sign(testKey(from)).serialize()
}

/** A tuple [chainId, address, nonce, yParity, r, s] (EIP-7702). */
export function authorization({
  from = 0,
  target,
  nonce = 0n,
  chainId = EXECUTION_CHAIN_ID
}: {
  readonly from?: number
  readonly target: Hex
  readonly nonce?: bigint
  readonly chainId?: bigint
}): EOACode7702AuthorizationListBytesItem {
  const fields = [bigintToBytes(chainId), hexToBytes(target), bigintToBytes(nonce)] as const
  const digest = keccak256(concatBytes(Uint8Array.of(0x05), RLP.encode([...fields])))
  const { compact, recovery } = signDigest(digest, testKey(from))
  return [
    ...fields,
    bigintToBytes(BigInt(recovery)),
    trim(compact.slice(0, 32)),
    trim(compact.slice(32))
  ]
}

function trim(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0))
}
