// What follows from a layer that was computed: it is readable from here on, and older ones go to disk.
import { type Block, type BlockRef } from '../chain/blocks/block.ts'
import { type Hex } from '../base/bytes.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { type StatePoint } from '../state/state-view.ts'

/** Where layers go; the state store satisfies it. */
interface Layers {
  add(layer: PreparedLayer, block: BlockRef): void
  cap(headHash: Hex): void
}

/** Makes it the state after the block. */
export function addLayer(
  layers: Layers,
  { number, hash }: Block,
  { layer }: { readonly layer: PreparedLayer }
): void {
  layers.add(layer, { number, hash })
  layers.cap(hash)
}

/** No diff above this height may be deleted: the state on disk is of it. */
export function diskNumber(layers: {
  readonly persistedPoint: () => StatePoint | undefined
}): bigint {
  return layers.persistedPoint()?.number ?? 0n
}
