// The RPC of gossipsub in protobuf, as far as the suite speaks it (libp2p specifications, "gossipsub").

/** One published message, with the fields that StrictNoSign leaves out. */
export interface WireMessage {
  readonly topic: string
  readonly data: Uint8Array
  readonly from?: Uint8Array
  readonly seqno?: Uint8Array
  readonly signature?: Uint8Array
  readonly key?: Uint8Array
}

/** What one RPC holds. Message ids come in announcements of either kind: IHAVE and IDONTWANT. */
export interface WireRpc {
  readonly subscriptions: readonly string[]
  readonly messages: readonly WireMessage[]
  readonly announcedIds: readonly Uint8Array[]
  readonly grafts: readonly string[]
}

const LENGTH_DELIMITED = 2
const CONTINUES = 0x80
const TEXT = new TextEncoder()

/** Unsigned LEB128. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= CONTINUES) {
    bytes.push((rest % CONTINUES) | CONTINUES)
    rest = Math.floor(rest / CONTINUES)
  }
  return Uint8Array.of(...bytes, rest)
}

/** Reads a varint; undefined where the bytes end before it does. */
export function readVarint(
  bytes: Uint8Array,
  at: number
): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let index = at; index < bytes.length && index < at + 6; index++) {
    const byte = bytes[index]!
    value += (byte % CONTINUES) * CONTINUES ** (index - at)
    if (byte < CONTINUES) return { value, end: index + 1 }
  }
  return undefined
}

/** A length-delimited field: bytes, a text, or a message. */
export function field(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? TEXT.encode(content) : content
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes])
}

/** An RPC with its length before it. */
export function frameRpc(rpc: Uint8Array): Uint8Array {
  return Buffer.concat([varint(rpc.length), rpc])
}

/** Subscribes to topics. */
export function encodeSubscriptions(topics: readonly string[]): Uint8Array {
  const subscribe = Uint8Array.of(8, 1)
  return Buffer.concat(topics.map((topic) => field(1, Buffer.concat([subscribe, field(2, topic)]))))
}

/** Asks to be in the mesh of topics. */
export function encodeGrafts(topics: readonly string[]): Uint8Array {
  return field(3, Buffer.concat(topics.map((topic) => field(3, field(1, topic)))))
}

/** Leaves the mesh of topics. */
export function encodePrunes(topics: readonly string[]): Uint8Array {
  return field(3, Buffer.concat(topics.map((topic) => field(4, field(1, topic)))))
}

/** Says which messages we have, so that nobody sends them. */
export function encodeIdontwant(ids: readonly Uint8Array[]): Uint8Array {
  return field(3, field(5, Buffer.concat(ids.map((id) => field(1, id)))))
}

/** Publishes one message. */
export function encodePublish(message: WireMessage): Uint8Array {
  const { topic, data, from, seqno, signature, key } = message
  const parts = [
    from && field(1, from),
    field(2, data),
    seqno && field(3, seqno),
    field(4, topic),
    signature && field(5, signature),
    key && field(6, key)
  ]
  return field(2, Buffer.concat(parts.filter((part) => part !== undefined)))
}

/** What an RPC holds; what the suite does not know is left out. Throws RangeError for bytes cut short. */
export function decodeRpc(bytes: Uint8Array): WireRpc {
  const fields = readFields(bytes)
  const controls = all(fields, 3).map(readFields)
  const announcements = controls.flatMap((control) => [
    ...all(control, 1).flatMap((ihave) => all(readFields(ihave), 2)),
    ...all(control, 5).flatMap((idontwant) => all(readFields(idontwant), 1))
  ])
  return {
    subscriptions: all(fields, 1).map((one) => textOf(readFields(one), 2)),
    messages: all(fields, 2).map(toMessage),
    announcedIds: announcements,
    grafts: controls.flatMap((control) =>
      all(control, 3).map((graft) => textOf(readFields(graft), 1))
    )
  }
}

function toMessage(bytes: Uint8Array): WireMessage {
  const fields = readFields(bytes)
  const [from, data, seqno, , signature, key] = [1, 2, 3, 4, 5, 6].map((it) => fields.get(it)?.[0])
  return {
    topic: textOf(fields, 4),
    data: data ?? new Uint8Array(),
    ...(from && { from }),
    ...(seqno && { seqno }),
    ...(signature && { signature }),
    ...(key && { key })
  }
}

type Fields = ReadonlyMap<number, readonly Uint8Array[]>

function all(fields: Fields, number: number): readonly Uint8Array[] {
  return fields.get(number) ?? []
}

function textOf(fields: Fields, number: number): string {
  return Buffer.from(fields.get(number)?.[0] ?? []).toString('utf8')
}

/** All length-delimited fields by number; integers are passed over. */
function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>()
  let at = 0
  while (at < bytes.length) {
    const tag = readWhole(bytes, at)
    const { value, end } = readWhole(bytes, tag.end)
    at = end
    const kind = tag.value % 8
    if (kind === 0) continue
    if (kind !== LENGTH_DELIMITED) throw new RangeError(`a field of wire type ${String(kind)}`)
    at = end + value
    if (at > bytes.length) throw new RangeError('the RPC is cut short')
    const number = Math.floor(tag.value / 8)
    fields.set(number, [...(fields.get(number) ?? []), bytes.subarray(end, at)])
  }
  return fields
}

function readWhole(bytes: Uint8Array, at: number) {
  const read = readVarint(bytes, at)
  if (read === undefined) throw new RangeError('the RPC is cut short')
  return read
}
