// What streams of foreign protocols may send: identify, ping, and gossip that has begun and does not end.
import assert from 'node:assert/strict'
import { GossipIntake } from '../../../src/net/gossip-intake.ts'
import { atMost, identifyIntake } from '../../../src/net/stream-intake.ts'
import { encodeVarint } from '../../../src/net/varint.ts'

const ADDRESS_FIELD = Buffer.of(0x12, 2, 6, 0)

function message(fields: Buffer): Buffer {
  return Buffer.concat([encodeVarint(fields.length), fields])
}

function repeat(field: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => field))
}

/** A field that is nothing but long. */
function longField(tag: number, sizeBytes: number): Buffer {
  return Buffer.concat([Buffer.of(tag), encodeVarint(sizeBytes), Buffer.alloc(sizeBytes)])
}

describe('identify', () => {
  it('may say what go-libp2p says, in parts', () => {
    const take = identifyIntake()
    const bytes = repeat(message(repeat(ADDRESS_FIELD, 50)), 10)
    for (const byte of bytes) take(Buffer.of(byte))
  })

  for (const [what, bytes] of [
    ['a length that does not end', Buffer.alloc(4_096, 0xff)],
    ['a message of 8,193 bytes', encodeVarint(8_193)],
    ['eleven messages', repeat(message(ADDRESS_FIELD), 11)],
    ['513 addresses', message(repeat(ADDRESS_FIELD, 513))],
    ['ten addresses of 3,000 parts', repeat(message(longField(0x12, 6_000)), 10)],
    ['a signed record of 600 addresses', message(longField(0x42, 6_000))],
    ['a field that is cut off', message(Buffer.of(0x12, 9, 1))],
    ['no protobuf', message(Buffer.alloc(20, 0xff))]
  ] as const) {
    it(`may not say ${what}`, () => {
      assert.throws(() => {
        identifyIntake()(bytes)
      }, RangeError)
    })
  }
})

describe('a push of identify', () => {
  it('pays for the addresses in its signed record, and for the parts of a long one', () => {
    const paid: number[] = []
    const take = identifyIntake((units) => paid.push(units) > 0)
    take(message(Buffer.concat([ADDRESS_FIELD, longField(0x42, 1_000), longField(0x12, 320)])))
    assert.deepEqual(paid, [1 + 101 + 11])
  })

  it('has each message paid for, and ends where it is not', () => {
    const paid: number[] = []
    const take = identifyIntake((fields) => paid.push(fields) < 2)
    take(message(repeat(ADDRESS_FIELD, 3)))
    assert.throws(() => {
      take(message(repeat(ADDRESS_FIELD, 4)))
    }, /too much to identify/)
    assert.deepEqual(paid, [3, 4])
  })
})

describe('a bound of bytes', () => {
  it('holds over all parts', () => {
    const take = atMost(3)
    take(new Uint8Array(3))
    assert.throws(() => {
      take(new Uint8Array(1))
    }, RangeError)
  })
})

describe('gossip of strangers', () => {
  const start = () => {
    const time = { ms: 0 }
    const limits = { heldMaxBytes: 500_000, frameMaxBytes: 300_000, frameMaxMs: 1_000 }
    const gossip = new GossipIntake(limits, () => time.ms)
    const aborted: string[] = []
    const open = (name: string) => {
      let release: () => void = () => undefined
      const take = gossip.follow({
        onClosed(callback) {
          release = callback
        },
        abort: () => aborted.push(name)
      })
      return { take, close: () => release() }
    }
    return { time, gossip, open, aborted }
  }
  const begun = (bytes: number) => Buffer.concat([encodeVarint(300_000), Buffer.alloc(bytes)])

  it('holds nothing once its frames are whole, however they come', () => {
    const { gossip, open } = start()
    const { take } = open('a')
    const frames = Buffer.concat([
      message(Buffer.alloc(300)),
      message(Buffer.alloc(0)),
      message(Buffer.alloc(7))
    ])
    for (const byte of frames) take(Buffer.of(byte))
    take(frames)
    assert.equal(gossip.heldBytes, 0)
  })

  it('is cut where a frame is too long, or takes too long', () => {
    const { time, open } = start()
    assert.throws(() => {
      open('a').take(encodeVarint(300_001))
    }, RangeError)
    assert.throws(() => {
      open('b').take(Buffer.alloc(9, 0xff))
    }, RangeError)
    const { take } = open('c')
    take(begun(200_000))
    time.ms += 1_001
    assert.throws(() => {
      take(Buffer.of(1))
    }, RangeError)
  })

  it('is cut where frames are more than any traffic needs', () => {
    const { time, open } = start()
    const { take } = open('a')
    for (let second = 0; second < 100; second++) {
      for (let count = 0; count < 20; count++) take(message(Buffer.alloc(30)))
      take(message(Buffer.alloc(250_000)))
      time.ms += 1_000
    }
    take(repeat(message(Buffer.alloc(1)), 250))
    assert.throws(() => {
      take(repeat(message(Buffer.alloc(0)), 250))
    }, RangeError)
  })

  it('gives way where all together hold too much: the frame that began first', () => {
    const { time, gossip, open, aborted } = start()
    for (const name of ['a', 'b', 'c']) {
      open(name).take(begun(200_000))
      time.ms += 1
    }
    assert.deepEqual(aborted, ['a'])
    assert.ok(gossip.heldBytes < 500_000)
  })

  it('is forgotten with its stream', () => {
    const { gossip, open } = start()
    const { take, close } = open('a')
    take(begun(200_000))
    close()
    assert.equal(gossip.heldBytes, 0)
  })
})
