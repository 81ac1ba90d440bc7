// What RPCs of gossipsub cost, told from their shape: honest ones little, and never less than the decoder makes of them.
import assert from 'node:assert/strict'
import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import fc from 'fast-check'
import { blocksTopic, TOPIC_VERSIONS } from '../../../protocols/gossip/topic.ts'
import { RPC_MAX_UNITS, rpcUnits } from '../../../src/net/rpc-units.ts'
import {
  encodeGrafts,
  encodeIdontwant,
  encodePrunes,
  encodeSubscriptions,
  field,
  varint
} from '../../../protocols/conformance/gossip-wire.ts'
import { encodeIhave, encodeIwant } from '../../soak/strangers/support/gossip-asks.ts'

const TOPIC = blocksTopic(901n, 3)
const TOPICS = TOPIC_VERSIONS.map((version) => blocksTopic(901n, version))
const MIB = 2 ** 20

function ids(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(20))
}

function many(part: Uint8Array, bytes: number): Uint8Array {
  return Buffer.concat(Array.from({ length: Math.floor(bytes / part.length) }, () => part))
}

const EMPTY_IDS = field(1, many(Uint8Array.of(0x12, 0), 10_000))

describe('the units of an RPC', () => {
  for (const [what, rpc, maxUnits] of [
    ['subscriptions', encodeSubscriptions(TOPICS), 100],
    ['a block', field(2, Buffer.concat([field(2, new Uint8Array(MIB)), field(4, TOPIC)])), 30],
    ['a mesh joined', encodeGrafts(TOPICS), 300],
    ['a mesh left', encodePrunes(TOPICS), 300],
    ['ten ids announced', encodeIhave(TOPIC, ids(10)), 30],
    ['ids not wanted', encodeIdontwant(ids(10)), 30],
    ['as many ids as gossipsub announces', encodeIhave(TOPIC, ids(5_000)), RPC_MAX_UNITS],
    ['as many ids as gossipsub asks for', encodeIwant(ids(5_000)), RPC_MAX_UNITS],
    ['extensions that are not known', Buffer.concat([field(10, 'x'), Uint8Array.of(0x78, 1)]), 10],
    ['nothing', new Uint8Array(), 4]
  ] as const) {
    it(`are few for ${what}`, () => {
      assert.ok((rpcUnits(rpc) ?? Number.POSITIVE_INFINITY) <= maxUnits)
    })
  }

  for (const [what, rpc] of [
    ['a list of lists of ids', field(3, many(EMPTY_IDS, 10 * MIB))],
    ['control after control', many(Uint8Array.of(0x1a, 0), 10 * MIB)],
    ['fields that are not known', many(Uint8Array.of(0x78, 1), 10 * MIB)],
    ['a thousand meshes left', encodePrunes(Array.from({ length: 1_000 }, () => TOPIC))],
    ['a thousand meshes joined', encodeGrafts(Array.from({ length: 1_000 }, () => TOPIC))],
    ['groups in groups', new Uint8Array(MIB).fill(0x7b)],
    ['control that calls itself a number', Buffer.of(0x18, 1, 0)],
    ['a tag of more than 32 bits', Buffer.of(0x9a, 0x80, 0x80, 0x80, 0x10, 0)],
    ['a tag in more bytes than it needs', Buffer.of(0x9a, 0x80, 0x80, 0x80, 0x80, 0, 0)],
    ['a list that is cut off', Buffer.of(0x1a, 5, 0)],
    ['a list that ends behind its own end', Buffer.of(0x1a, 2, 0x0a, 3, 0, 0, 0)]
  ] as const) {
    it(`are none for ${what}`, () => {
      assert.equal(rpcUnits(rpc), undefined)
    })
  }

  it('are never less than what the decoder makes of the same bytes', () => {
    const content = fc.uint8Array({ maxLength: 4 })
    const part = fc
      .record({
        number: fc.integer({ min: 0, max: 7 }),
        type: fc.constantFrom(0, 1, 2, 5),
        content
      })
      .map(({ number, type, content: bytes }) =>
        type === 2 ? field(number, bytes) : Buffer.concat([varint(number * 8 + type), bytes])
      )
    const inner = fc
      .array(fc.oneof(part, content), { maxLength: 4 })
      .map((all) => Buffer.concat(all))
    const nest = (parts: fc.Arbitrary<Uint8Array>) =>
      fc
        .array(
          fc
            .tuple(fc.integer({ min: 1, max: 5 }), parts)
            .map(([number, bytes]) => field(number, bytes)),
          { maxLength: 4 }
        )
        .map((all) => Buffer.concat(all))
    const rpcs = fc.oneof(inner, nest(inner), nest(nest(inner)), nest(nest(nest(inner))))
    fc.assert(
      fc.property(rpcs, (rpc) => {
        const units = rpcUnits(rpc)
        if (units !== undefined) assert.ok(decodedParts(rpc) <= units)
      }),
      { numRuns: 2_000 }
    )
  })
})

/** Lists, their items, and bytes of whatever was decoded; 0 where the decoder refuses it. */
function decodedParts(rpc: Uint8Array): number {
  try {
    return countParts(RPC.decode(rpc)) - 1
  } catch {
    return 0
  }
}

function countParts(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countParts(item), 0)
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, item) => sum + countParts(item), 1)
}
