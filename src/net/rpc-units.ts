// What one RPC of gossipsub costs whoever decodes and handles it, told from its shape alone, before either is done.

/** An RPC that costs more is no honest one: the longest list that gossipsub makes has 5,000 message ids. */
export const RPC_MAX_UNITS = 8_192

const CONTINUES = 0x80
/** Where a number is longer than this, the decoder takes it for one of ten bytes whatever it is. */
const NUMBER_MAX_BYTES = 5
const SKIPPED_MAX_BYTES = 10
const TAG_END = 2 ** 32
const WIRE_TYPES = 8
const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5

/** A message as gossipsub decodes it. */
interface Shape {
  /** What it costs beside its fields. */
  readonly units: number
  /** The highest field number that is decoded. */
  readonly last: number
  /** The field that is a number; all other decoded ones are length-delimited. */
  readonly numeric?: number
  /** Fields that are messages themselves. */
  readonly messages?: ReadonlyMap<number, Shape>
}

/** Joining or leaving the mesh of a topic is an event with listeners. */
const MESH_CHANGE_UNITS = 64
const SUBSCRIPTION: Shape = { units: 16, last: 2, numeric: 1 }
const MESSAGE: Shape = { units: 16, last: 6 }
const IHAVE: Shape = { units: 4, last: 2 }
const IDS: Shape = { units: 4, last: 1 }
const GRAFT: Shape = { units: MESH_CHANGE_UNITS, last: 1 }
const PEER: Shape = { units: MESH_CHANGE_UNITS, last: 2 }
const PRUNE: Shape = {
  units: MESH_CHANGE_UNITS,
  last: 3,
  numeric: 3,
  messages: new Map([[2, PEER]])
}
const CONTROL: Shape = {
  units: 4,
  last: 5,
  messages: new Map([
    [1, IHAVE],
    [2, IDS],
    [3, GRAFT],
    [4, PRUNE],
    [5, IDS]
  ])
}
/** libp2p specifications, "gossipsub". */
const RPC: Shape = {
  units: 4,
  last: 3,
  messages: new Map([
    [1, SUBSCRIPTION],
    [2, MESSAGE],
    [3, CONTROL]
  ])
}

/**
 * Units of one RPC, each about two microseconds: a field is one, at whatever level. Undefined for one that is beyond
 * RPC_MAX_UNITS, which is not looked at further, or that gossipsub and this would read in different ways.
 */
export function rpcUnits(rpc: Uint8Array): number | undefined {
  return new UnitCounter(rpc).count(RPC, rpc.length)
}

class UnitCounter {
  readonly #bytes: Uint8Array
  #at = 0
  #units = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Counts the message from where the counter stands up to `end`: all units so far. */
  count(shape: Shape, end: number): number | undefined {
    this.#units += shape.units
    while (this.#at < end) {
      this.#units += 1
      const field = this.#field(shape, end)
      if (field === undefined || this.#units > RPC_MAX_UNITS) return undefined
      if (field.inner !== undefined && this.count(field.inner, field.end) === undefined) {
        return undefined
      }
      this.#at = field.end
    }
    return this.#units
  }

  /** The decoder goes by numbers alone: one with another type than it thinks is refused. */
  #field({ last, numeric, messages }: Shape, end: number) {
    const tag = this.#varint()
    if (tag === undefined || tag >= TAG_END) return undefined
    const number = Math.floor(tag / WIRE_TYPES)
    const type = tag % WIRE_TYPES
    const isAsDecoded = type === (number === numeric ? VARINT : LENGTH_DELIMITED)
    if (number <= last && !isAsDecoded) return undefined
    const contentBytes = this.#contentBytes(type, number <= last)
    if (contentBytes === undefined || this.#at + contentBytes > end) return undefined
    const inner = messages?.get(number)
    return { end: this.#at + contentBytes, inner }
  }

  /** Of the content that follows; undefined for groups, which nobody sends, and for what is no type. */
  #contentBytes(type: number, isDecoded: boolean): number | undefined {
    if (type === LENGTH_DELIMITED) return this.#varint()
    if (type === VARINT) {
      const value = this.#varint(isDecoded ? NUMBER_MAX_BYTES : SKIPPED_MAX_BYTES)
      return value === undefined ? undefined : 0
    }
    if (type === FIXED_64) return 8
    return type === FIXED_32 ? 4 : undefined
  }

  /** Undefined where it does not end. */
  #varint(maxBytes = NUMBER_MAX_BYTES): number | undefined {
    let value = 0
    for (let index = 0; index < maxBytes; index++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) return undefined
      this.#at += 1
      value += (byte % CONTINUES) * CONTINUES ** index
      if (byte < CONTINUES) return value
    }
    return undefined
  }
}
