// Topics, message ids, compression bounds and constants of the block gossip against its vectors.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  MESSAGE_MAX_BYTES,
  MESSAGE_MIN_BYTES,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import {
  COMPRESSED_MAX_BYTES,
  compressMessage,
  decompressMessage,
  GossipError,
  MESSAGE_ID_BYTES,
  messageId
} from '../../../protocols/gossip/codec.ts'
import {
  MESH,
  OP_PRESET,
  OPBNB_PRESET,
  PUBLISH_MAX_AGE_SECONDS
} from '../../../protocols/gossip/parameters.ts'
import { blocksTopic, parseBlocksTopic, TOPIC_VERSIONS } from '../../../protocols/gossip/topic.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'

interface GossipVectors {
  readonly limits: Readonly<Record<string, number>>
  readonly mesh: Readonly<Record<string, number>>
  readonly presets: readonly Readonly<Record<string, unknown>>[]
  readonly topics: readonly {
    readonly chainId: string
    readonly topicVersion: TopicVersion
    readonly topic: string
  }[]
  readonly foreignTopics: readonly string[]
  readonly messageIds: readonly {
    readonly name: string
    readonly topic: string
    readonly hex: string
    readonly id: string
  }[]
  readonly invalid: readonly InvalidVector[]
}

interface MessageVectors {
  readonly full: { readonly messages: readonly { plain: string; compressed: string }[] }
  readonly sparse: { readonly messages: readonly { hex: string; plainBytes: number }[] }
}

const vectors = readVectors('gossip') as GossipVectors
const messages = readVectors('block-message') as MessageVectors

describe('gossip', () => {
  it('pins constants', () => {
    assert.deepEqual(vectors.limits, {
      compressedMaxBytes: COMPRESSED_MAX_BYTES,
      messageMaxBytes: MESSAGE_MAX_BYTES,
      messageMinBytes: MESSAGE_MIN_BYTES,
      messageIdBytes: MESSAGE_ID_BYTES,
      publishMaxAgeSeconds: PUBLISH_MAX_AGE_SECONDS
    })
    assert.deepEqual(vectors.mesh, MESH)
    assert.deepEqual(vectors.presets, [OP_PRESET, OPBNB_PRESET])
    assert.deepEqual(TOPIC_VERSIONS, [0, 1, 2, 3])
  })

  for (const { chainId, topicVersion, topic } of vectors.topics) {
    it(`names and parses ${topic}`, () => {
      assert.equal(blocksTopic(BigInt(chainId), topicVersion), topic)
      assert.deepEqual(parseBlocksTopic(topic), { chainId: BigInt(chainId), version: topicVersion })
    })
  }

  for (const topic of vectors.foreignTopics) {
    it(`knows no topic ${JSON.stringify(topic.slice(0, 40))}`, () => {
      assert.equal(parseBlocksTopic(topic), undefined)
    })
  }

  for (const { name, topic, hex, id } of vectors.messageIds) {
    it(`identifies ${name}`, () => {
      assert.equal(toHex(messageId(sha256, topic, fromHex(hex))), id)
    })
  }

  it('decompresses messages, and compresses them to blocks that give them back', () => {
    for (const { plain, compressed } of messages.full.messages) {
      assert.equal(toHex(decompressMessage(fromHex(compressed))), plain)
      assert.equal(toHex(decompressMessage(compressMessage(fromHex(plain)))), plain)
    }
    for (const { hex, plainBytes } of messages.sparse.messages) {
      const plain = decompressMessage(fromHex(hex))
      assert.equal(plain.length, plainBytes)
      assert.equal(plain.constructor, Uint8Array)
      assert.deepEqual(decompressMessage(compressMessage(plain)), plain)
    }
  })

  for (const { name, hex, failure } of vectors.invalid) {
    it(`refuses: ${name}`, () => {
      assertFailure(() => decompressMessage(fromHex(hex)), failure)
      assert.throws(() => decompressMessage(fromHex(hex)), GossipError)
    })
  }

  it('bounds what it takes and gives before and after compression', () => {
    const greatest = new Uint8Array(MESSAGE_MAX_BYTES)
    assert.equal(decompressMessage(compressMessage(greatest)).length, MESSAGE_MAX_BYTES)
    const cases: readonly [() => unknown, string][] = [
      [() => compressMessage(new Uint8Array(65)), 'decompressed-too-small'],
      [() => compressMessage(new Uint8Array(MESSAGE_MAX_BYTES + 1)), 'decompressed-too-large'],
      [() => compressMessage(incompressible(MESSAGE_MAX_BYTES)), 'compressed-too-large'],
      [() => decompressMessage(new Uint8Array(COMPRESSED_MAX_BYTES + 1)), 'compressed-too-large']
    ]
    for (const [act, failure] of cases) assertFailure(act, failure)
  })
})

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** Bytes without a pattern that snappy could use: a hash chain. */
function incompressible(lengthBytes: number): Uint8Array {
  return createHash('shake256', { outputLength: lengthBytes }).update('incompressible').digest()
}
