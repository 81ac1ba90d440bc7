// Serving blocks_by_range: ascending, until one is missing, at least one, within the bytes asked for.
import assert from 'node:assert/strict'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { serveBlocksByHash } from '../../../src/sync/protocols/blocks-by-hash.ts'
import {
  isBlockServed,
  type MessageSource,
  serveBlocksByRange
} from '../../../src/sync/protocols/blocks-by-range.ts'

const SIZE_BYTES = 100

/** Messages of 100 bytes at the heights; the first byte is the height. */
function sourceOf(...heights: readonly number[]) {
  const read: bigint[] = []
  return {
    read,
    messageByNumber(number: bigint) {
      read.push(number)
      if (!heights.includes(Number(number))) return undefined
      return { version: 3, message: new Uint8Array(SIZE_BYTES).fill(Number(number)) } as const
    }
  }
}

const ALL = sourceOf(1, 2, 3, 4, 5, 6)

describe('serveBlocksByRange', () => {
  for (const [what, source, request, heights] of [
    ['all that is asked for', ALL, { start: 2n, count: 3n, maxBytes: 10_000 }, [2, 3, 4]],
    ['what there is', ALL, { start: 5n, count: 9n, maxBytes: 10_000 }, [5, 6]],
    ['nothing above the head', ALL, { start: 7n, count: 9n, maxBytes: 10_000 }, []],
    [
      'nothing behind a block that is missing',
      sourceOf(1, 2, 4),
      { start: 1n, count: 4n, maxBytes: 10_000 },
      [1, 2]
    ],
    [
      'nothing where the first is missing',
      sourceOf(2),
      { start: 1n, count: 4n, maxBytes: 10_000 },
      []
    ],
    ['one block whatever its size', ALL, { start: 1n, count: 4n, maxBytes: 0 }, [1]],
    ['what fits exactly', ALL, { start: 1n, count: 4n, maxBytes: 300 }, [1, 2, 3]],
    ['nothing that does not fit wholly', ALL, { start: 1n, count: 4n, maxBytes: 299 }, [1, 2]],
    ['one block of one', ALL, { start: 6n, count: 1n, maxBytes: 10_000 }, [6]]
  ] as const) {
    it(`serves ${what}`, () => {
      const served = [...serveBlocksByRange(source, request)]
      assert.deepEqual(
        served.map(({ message }) => message[0]),
        heights
      )
      assert.ok(served.every(({ version }) => version === 3))
    })
  }
  it('serves up to a block that the disk damaged, as to one that is missing', () => {
    const damaged: MessageSource = {
      messageByNumber(number) {
        if (number === 3n)
          throw new ChainError({ code: 'entry-damaged', entry: 'content', key: '0x' })
        return ALL.messageByNumber(number)
      }
    }
    const served = [...serveBlocksByRange(damaged, { start: 1n, count: 4n, maxBytes: 10_000 })]
    assert.deepEqual(
      served.map(({ message }) => message[0]),
      [1, 2]
    )
    assert.deepEqual(
      [2n, 3n, 4n].map((number) => isBlockServed(damaged, number)),
      [true, false, true]
    )
  })
  it('reads a block only when it is its turn', () => {
    const source = sourceOf(1, 2, 3)
    const served = serveBlocksByRange(source, { start: 1n, count: 3n, maxBytes: 10_000 })
    assert.deepEqual(source.read, [])
    served.next()
    assert.deepEqual(source.read, [1n])
    served.return(undefined)
    assert.deepEqual(source.read, [1n])
  })
})

describe('serveBlocksByHash', () => {
  const hash = (first: number) => new Uint8Array(32).fill(first)

  it('serves what is held in the order of the request, and reads no block before it is wanted', () => {
    const read: string[] = []
    const source = {
      acceptedMessage(wanted: string) {
        read.push(wanted)
        if (wanted === bytesToHex(hash(2))) return undefined
        return { version: 3, message: Uint8Array.from(Buffer.from(wanted)) } as const
      }
    }
    const served = serveBlocksByHash(source, { hashes: [hash(3), hash(2), hash(1)] })
    const texts: string[] = []
    for (const { message } of served) {
      texts.push(Buffer.from(message).toString())
      assert.equal(read.at(-1), texts.at(-1))
    }
    assert.deepEqual(texts, [bytesToHex(hash(3)), bytesToHex(hash(1))])
  })
  it('serves nothing where none is held', () => {
    const source = { acceptedMessage: () => undefined }
    assert.deepEqual([...serveBlocksByHash(source, { hashes: [hash(1)] })], [])
  })
})
