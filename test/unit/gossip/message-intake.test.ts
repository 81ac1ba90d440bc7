// What becomes of gossiped bytes before they are unpacked: copies, and the work that strangers may cause.
import assert from 'node:assert/strict'
import { compressBlock } from '../../../protocols/snappy-block.ts'
import {
  COPIES_MAX,
  createMessageIntake,
  KNOWN_MESSAGES_MAX,
  REPEATED_TOO_OFTEN
} from '../../../src/gossip/message-intake.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const MIB = 2 ** 20
const TOPIC = '/optimism/901/3/blocks'
/** The greatest that gossip takes, in half a megabyte. */
const BOMB = compressBlock(new Uint8Array(10 * MIB))

/** A bomb that differs from all others in its last bytes. */
function bomb(salt: number): Uint8Array {
  const bytes = Uint8Array.from(BOMB)
  new DataView(bytes.buffer).setUint32(bytes.length - 4, salt)
  return bytes
}

describe('the intake of gossip', () => {
  const setUp = () => {
    const clock = createManualClock()
    const blamed: string[] = []
    const trusted = new Set(['ours'])
    const intake = createMessageIntake({
      clock,
      isTrusted: (peer) => trusted.has(peer),
      onRepeated: (from, reason) => void blamed.push(`${from} ${reason}`)
    })
    const message = (compressed: Uint8Array, from = 'stranger', topic = TOPIC) => ({
      topic,
      compressed: Uint8Array.from(compressed),
      from
    })
    const admit = (compressed: Uint8Array, from = 'stranger') =>
      intake.admit(message(compressed, from))
    return { clock, blamed, trusted, intake, message, admit }
  }
  const small = Uint8Array.of(1, 2, 3)

  it('knows the same bytes from anybody, and not on another topic', () => {
    const { intake, message, admit, blamed } = setUp()
    const first = message(small)
    assert.equal(intake.admit(first), 'judge')
    intake.settle(first, { verdict: 'accept' })
    assert.equal(admit(small, 'ours'), 'known')
    assert.equal(admit(small, 'another'), 'known')
    assert.equal(intake.admit(message(small, 'another', `${TOPIC}2`)), 'judge')
    assert.deepEqual(blamed, [])
  })

  it('holds every copy of a rejected message against its sender', () => {
    const { intake, message, admit, blamed } = setUp()
    const first = message(BOMB)
    assert.equal(intake.admit(first), 'judge')
    intake.settle(first, { verdict: 'reject', reason: 'signer-not-scheduled' })
    for (const from of ['stranger', 'stranger', 'ours']) assert.equal(admit(BOMB, from), 'known')
    assert.deepEqual(blamed, [
      'stranger signer-not-scheduled',
      'stranger signer-not-scheduled',
      'ours signer-not-scheduled'
    ])
  })

  it('blames a stranger for copies beyond what gossipsub sends, and no trusted peer', () => {
    const { intake, message, admit, blamed } = setUp()
    const first = message(small)
    intake.admit(first)
    intake.settle(first, { verdict: 'accept' })
    for (let copy = 2; copy < COPIES_MAX; copy++) admit(small)
    for (let copy = 0; copy < 10 * COPIES_MAX; copy++) admit(small, 'ours')
    assert.deepEqual(blamed, [])
    admit(small)
    assert.deepEqual(blamed, [`stranger ${REPEATED_TOO_OFTEN}`])
  })

  it('counts the copies of one sender apart from those of another', () => {
    const { intake, message, admit, blamed } = setUp()
    const first = message(small)
    intake.admit(first)
    intake.settle(first, { verdict: 'ignore', reason: 'repeat' })
    for (let peer = 0; peer < 40; peer++) admit(small, `peer ${String(peer)}`)
    assert.deepEqual(blamed, [])
  })

  it('rations the work of one stranger, and lets it go on later', async () => {
    const { clock, admit } = setUp()
    assert.equal(admit(bomb(1)), 'judge')
    assert.equal(admit(bomb(2)), 'judge')
    assert.equal(admit(bomb(3)), 'refused')
    await clock.advance(11_000)
    assert.equal(admit(bomb(3)), 'judge')
  })

  it('rations the work of all strangers together, whatever their number', () => {
    const { admit } = setUp()
    const admissions = Array.from({ length: 200 }, (_, salt) =>
      admit(bomb(salt), `peer ${String(salt)}`)
    )
    assert.ok(admissions.filter((one) => one === 'judge').length <= 3)
  })

  it('rations trusted peers not at all, and one that is trusted no more', () => {
    const { admit, trusted } = setUp()
    for (let salt = 0; salt < 20; salt++) assert.equal(admit(bomb(salt), 'ours'), 'judge')
    trusted.delete('ours')
    const admissions = Array.from({ length: 20 }, (_, salt) => admit(bomb(100 + salt), 'ours'))
    assert.ok(admissions.includes('refused'))
  })

  it('gives back what an accepted block cost, so that an honest stranger never runs dry', () => {
    const { intake, message } = setUp()
    for (let salt = 0; salt < 30; salt++) {
      const one = message(bomb(salt), 'honest')
      assert.equal(intake.admit(one), 'judge', String(salt))
      intake.settle(one, { verdict: 'accept' })
    }
  })

  it('keeps what peers that brought blocks have together apart from a flood of others', () => {
    const { intake, message, admit } = setUp()
    const first = message(small, 'honest')
    intake.admit(first)
    intake.settle(first, { verdict: 'accept' })
    for (let salt = 0; salt < 200; salt++) admit(bomb(salt), `peer ${String(salt)}`)
    assert.equal(admit(bomb(1_000), 'new'), 'refused')
    assert.equal(admit(bomb(1_001), 'honest'), 'judge')
  })

  it('remembers nothing of what it refused: somebody else may bring it', () => {
    const { admit } = setUp()
    for (let salt = 0; salt < 20; salt++) admit(bomb(salt))
    assert.equal(admit(bomb(19)), 'refused')
    assert.equal(admit(bomb(19), 'ours'), 'judge')
  })

  it('lets a trusted peer’s copy be judged while a stranger’s waits for its turn', () => {
    const { admit } = setUp()
    assert.equal(admit(BOMB), 'judge')
    assert.equal(admit(BOMB, 'another'), 'known')
    assert.equal(admit(BOMB, 'ours'), 'judge')
    assert.equal(admit(BOMB, 'ours'), 'known')
  })

  it('forgets what could not be judged', () => {
    const { intake, message, admit } = setUp()
    const first = message(small)
    assert.equal(intake.admit(first), 'judge')
    intake.forget(first)
    assert.equal(admit(small), 'judge')
  })

  it('knows our own messages', () => {
    const { intake, admit } = setUp()
    intake.noteOwn({ topic: TOPIC, compressed: small })
    assert.equal(admit(small), 'known')
  })

  it('remembers so many messages, and forgets the oldest', () => {
    const { admit } = setUp()
    for (let salt = 0; salt <= KNOWN_MESSAGES_MAX; salt++) {
      admit(Uint8Array.from(Buffer.from(String(salt))), 'ours')
    }
    assert.equal(admit(Buffer.from(String(KNOWN_MESSAGES_MAX)), 'ours'), 'known')
    assert.equal(admit(Buffer.from('0'), 'ours'), 'judge')
  })
})
