// A lying backup: every lie in its turn, and nothing that the sequencer's key signed at the height it claims.
import assert from 'node:assert/strict'
import { createLiar } from '../../../devnet/cluster/lies.ts'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { type HeldBlocks, type TipReply } from '../../../src/sync/protocols/answer-tip.ts'

const SIGNATURE_BYTES = 65
const HIGHEST = 9n

const hashOf = (number: bigint): Hex => `0x${number.toString(16).padStart(64, '0')}`
const messageOf = (number: bigint) => new Uint8Array(80).fill(Number(number))
const held: HeldBlocks = {
  highest: () => ({ number: HIGHEST, hash: hashOf(HIGHEST) }),
  at: (number) => (number < 1n || number > HIGHEST ? [] : [{ number, hash: hashOf(number) }]),
  message: (hash) => ({ version: 3, message: messageOf(BigInt(hash)) }),
  genesisHash: hashOf(0n),
  isJoining: () => false,
  hasLost: () => false
}
const request = { number: 7n, hash: new Uint8Array(32) }

describe('a lying backup', () => {
  const describeReply = (reply: TipReply) => {
    if (!('message' in reply)) return reply.relation
    const { relation, message } = reply
    const number = BigInt(message.at(-1) ?? 0)
    const signature = message.subarray(0, SIGNATURE_BYTES)
    const genuine = messageOf(number).subarray(0, SIGNATURE_BYTES)
    const isGenuine = bytesToHex(signature) === bytesToHex(genuine)
    return `${relation} ${String(number)} ${isGenuine ? 'genuine' : 'forged'}`
  }

  it('goes through its lies, and begins anew', () => {
    const lie = createLiar()
    const replies = Array.from({ length: 6 }, () => describeReply(lie(held, request)))
    assert.deepEqual(replies, [
      'ahead 9 forged',
      'conflict 9 forged',
      'ahead 6 genuine',
      'conflict 7 genuine',
      'same',
      'ahead 9 forged'
    ])
  })

  it('says that it holds nothing more where it holds nothing', () => {
    const lie = createLiar()
    const empty = { ...held, highest: () => undefined, at: () => [] }
    for (let count = 0; count < 5; count++) assert.equal(lie(empty, request).relation, 'same')
  })
})
