// Which live layers wrote an entry: a lookup costs one map access and a search by height, not a walk of all layers.
import { type EntryKey } from './entry-key.ts'
import { type Layer } from './layer.ts'

/** What the newest layer below a view says of an entry. */
export interface LayerHit {
  readonly layer: Layer
  /** Undefined: deleted there. */
  readonly value: Uint8Array | undefined
}

/** All live layers' entries by key, oldest first. */
export class LayerIndex {
  readonly #writers = new Map<EntryKey, Layer[]>()
  readonly #clearers = new Map<string, Layer[]>()

  add(layer: Layer): void {
    for (const key of layer.content.entries.keys()) append(this.#writers, key, layer)
    for (const owner of layer.content.cleared) append(this.#clearers, owner, layer)
  }

  remove(layer: Layer): void {
    for (const key of layer.content.entries.keys()) takeOut(this.#writers, key, layer)
    for (const owner of layer.content.cleared) takeOut(this.#clearers, owner, layer)
  }

  /** The newest write of the entry at or below the layer. */
  find(key: EntryKey, top: Layer): LayerHit | undefined {
    const layer = newestBelow(this.#writers.get(key), top)
    return layer && { layer, value: layer.content.entries.get(key) }
  }

  /** What the highest layer that wrote the entry holds, on whatever branch; undefined where none did, or deleted it. */
  findAny(key: EntryKey): Uint8Array | undefined {
    return this.#writers.get(key)?.at(-1)?.content.entries.get(key)
  }

  /** The newest layer at or below `top` that wiped the account's storage. */
  findCleared(owner: string, top: Layer): Layer | undefined {
    return newestBelow(this.#clearers.get(owner), top)
  }
}

/** Lists are in order of heights, so that an old view of an entry that every block writes costs no walk either. */
function newestBelow(layers: readonly Layer[] | undefined, top: Layer): Layer | undefined {
  if (layers === undefined) return undefined
  // What is left to step over is on other branches, or at the same height.
  for (let at = countUpTo(layers, top.point.number) - 1; at >= 0; at--) {
    const layer = layers[at]!
    if (layer.isBelow(top)) return layer
  }
  return undefined
}

function append(map: Map<string, Layer[]>, key: string, layer: Layer): void {
  const layers = map.get(key)
  if (layers === undefined) map.set(key, [layer])
  else layers.splice(countUpTo(layers, layer.point.number), 0, layer)
}

/** How many layers of a list are at the height or below it. */
function countUpTo(layers: readonly Layer[], number: bigint): number {
  const last = layers.at(-1)
  if (last === undefined || last.point.number <= number) return layers.length
  let low = 0
  let high = layers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (layers[middle]!.point.number <= number) low = middle + 1
    else high = middle
  }
  return low
}

function takeOut(map: Map<string, Layer[]>, key: string, layer: Layer): void {
  const layers = map.get(key)
  if (layers === undefined) return
  const at = layers.indexOf(layer)
  if (at !== -1) layers.splice(at, 1)
  if (layers.length === 0) map.delete(key)
}
