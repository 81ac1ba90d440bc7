// The execution engine port, with the Engine API's verbs. The engine writes nothing; apply/ does.
import { type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type Receipt } from '../chain/blocks/receipt.ts'
import { type StateChanges } from '../state/state-view.ts'

/** A layer of state that is computed and in nobody's view yet; the state store takes it as it made it. */
export interface ComputedLayer {
  readonly root: Hex
  /** The account's storage root after the block, or the empty trie's. */
  storageRoot(addressHash: Uint8Array): Uint8Array
}

/** What the next block is made of (Engine API, the OP Stack's PayloadAttributesV3). */
export interface PayloadAttributes {
  /** Seconds. */
  readonly timestamp: bigint
  /** 32 bytes; preset opbnb: bytes 0-1 the millisecond part, byte 2 is 1. */
  readonly prevRandao: Uint8Array
  readonly feeRecipient: Hex
  /** 32 bytes. */
  readonly parentBeaconBlockRoot: Uint8Array
  readonly gasLimit: bigint
  /** Transactions that come first and may not be left out. */
  readonly transactions?: readonly Uint8Array[]
  /** True for an empty block, but for `transactions`. */
  readonly noTxPool: boolean
}

/** The answer to forkchoiceUpdated: a job's id when attributes were given and the head's state is there. */
export type ForkchoiceResult =
  | { readonly kind: 'valid'; readonly payloadId: string | undefined }
  | { readonly kind: 'unknown-head' }
  | { readonly kind: 'state-missing' }

/** A sealed block; its execution result is kept until newPayload asks for it. */
export interface BuiltPayload {
  readonly block: Block
}

/** A block that gives the roots in its header, with what it changes. */
export interface NewPayloadValid<Layer extends ComputedLayer> {
  readonly kind: 'valid'
  readonly receipts: readonly Receipt[]
  readonly changes: StateChanges
  readonly layer: Layer
}

/** The answer to newPayload. */
export type NewPayloadResult<Layer extends ComputedLayer> =
  | NewPayloadValid<Layer>
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'parent-state-missing' }

/** Builds and executes blocks. `Layer` is what the state store computes and apply/ hands back to it. */
export interface ExecutionEngine<Layer extends ComputedLayer = ComputedLayer> {
  forkchoiceUpdated: (head: Hex, attributes?: PayloadAttributes) => Promise<ForkchoiceResult>
  /** Stops the job; the block is final in memory. Throws EngineError when the id is unknown. */
  getPayload: (payloadId: string) => Promise<BuiltPayload>
  newPayload: (block: Block) => Promise<NewPayloadResult<Layer>>
}
