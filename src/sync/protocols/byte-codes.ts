// byte_codes as this node speaks it: codes of any readable state, by their hashes (protocols/byte-codes).
import {
  BYTE_CODES,
  type ByteCodes,
  type ByteCodesRequest,
  CODE_OVERHEAD_BYTES
} from '../../../protocols/byte-codes/codec.ts'
import { bytesToHex } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { createYielder } from '../../base/yielder.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { AnswerRoom, judged, type StateChecks } from './state-checks.ts'
import { type StateSource } from './state-source.ts'

/** Codes; each is one of those that were asked for. */
export const SERVED_BYTE_CODES: CheckedProtocol<
  ByteCodesRequest,
  ByteCodes,
  StateSource,
  StateChecks,
  readonly Uint8Array[]
> = {
  def: BYTE_CODES,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  async *serve({ state }, asked, context) {
    const codes = await state.ranges.byteCodes(asked, await state.beginTurns(context))
    if (codes.length === 0) throw new RequestRefused('unavailable', 'none of the codes is held')
    yield { codes }
  },
  async *check({ peer, request }, chunks, checks) {
    for await (const { codes } of chunks) {
      const answered = { peer, protocol: BYTE_CODES.name }
      await judged(checks, answered, () => checkCodes(request, codes))
      yield codes
    }
  }
}

/** Throws RangeError where a code was not asked for, or not in that order, or there are too many bytes. */
async function checkCodes(
  { hashes, maxBytes }: ByteCodesRequest,
  codes: readonly Uint8Array[]
): Promise<void> {
  const asked = hashes.map((hash) => bytesToHex(hash))
  const room = new AnswerRoom(maxBytes)
  const yielder = createYielder()
  let lastIndex = -1
  for (const code of codes) {
    room.take(code.length + CODE_OVERHEAD_BYTES)
    const hash = bytesToHex(keccak256(code))
    lastIndex = asked.indexOf(hash, lastIndex + 1)
    if (lastIndex === -1)
      throw new RangeError(`code ${hash} was not asked for, or not in that order`)
    const pause = yielder.maybeYield()
    if (pause !== undefined) await pause
  }
}
