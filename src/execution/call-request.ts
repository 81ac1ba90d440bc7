// What a call asks for: the fields of geth's TransactionArgs (internal/ethapi), and what is changed ahead of it.
import { type Hex } from '../base/bytes.ts'

/** An address and the slots of it that are warm from the start (EIP-2930). */
export interface AccessListEntry {
  readonly address: Hex
  readonly storageKeys: readonly Hex[]
}

/** A signed delegation (EIP-7702). */
export interface CallAuthorization {
  readonly chainId: bigint
  readonly address: Hex
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

/** What an account is made to be ahead of a call; what is undefined stays (override.OverrideAccount of geth). */
export interface AccountOverride {
  readonly address: Hex
  readonly nonce?: bigint | undefined
  readonly code?: Hex | undefined
  readonly balance?: bigint | undefined
  /** Slots and their values in place of all that there are. */
  readonly state?: readonly (readonly [slot: Hex, value: Hex])[] | undefined
  /** Slots and their values; all others stay. Excludes `state`. */
  readonly stateDiff?: readonly (readonly [slot: Hex, value: Hex])[] | undefined
  /** Where the precompile of this address answers instead. */
  readonly movePrecompileToAddress?: Hex | undefined
}

/** What the block of a call is made to be (override.BlockOverrides of geth). */
export interface BlockOverrides {
  readonly number?: bigint | undefined
  /** Seconds. */
  readonly time?: bigint | undefined
  readonly gasLimit?: bigint | undefined
  readonly feeRecipient?: Hex | undefined
  readonly prevRandao?: Hex | undefined
  readonly baseFeePerGas?: bigint | undefined
  readonly blobBaseFee?: bigint | undefined
}

/** A call's fields, all but the target optional; an absent target creates a contract. */
export interface CallRequest {
  readonly from?: Hex | undefined
  readonly to?: Hex | undefined
  readonly gas?: bigint | undefined
  readonly gasPrice?: bigint | undefined
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
  readonly value?: bigint | undefined
  /** The older name of `input`, which counts where both are given. */
  readonly data?: Hex | undefined
  readonly input?: Hex | undefined
  /** Looked at only for the address that a creation gets. */
  readonly nonce?: bigint | undefined
  readonly chainId?: bigint | undefined
  readonly accessList?: readonly AccessListEntry[] | undefined
  readonly authorizationList?: readonly CallAuthorization[] | undefined
  readonly blobVersionedHashes?: readonly Hex[] | undefined
  readonly maxFeePerBlobGas?: bigint | undefined
  /** By ascending address: geth's order, on which errors depend. */
  readonly stateOverrides?: readonly AccountOverride[] | undefined
  readonly blockOverrides?: BlockOverrides | undefined
}

/** Thrown for a request that no gas and no state makes right; the message is for who made it, in geth's words. */
export class CallRefused extends Error {}
