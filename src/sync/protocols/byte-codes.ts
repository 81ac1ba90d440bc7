// byte_codes as this node speaks it: codes of any readable state, by their hashes (protocols/byte-codes).
import {
  BYTE_CODES,
  type ByteCodes,
  type ByteCodesRequest
} from '../../../protocols/byte-codes/codec.ts'
import { bytesToHex } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { createYielder } from '../../base/yielder.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { falseState, type StateChecks } from './state-checks.ts'
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
    const hashes = request.hashes.map((hash) => bytesToHex(hash))
    const yielder = createYielder()
    for await (const { codes } of chunks) {
      let lastIndex = -1
      for (const code of codes) {
        const hash = bytesToHex(keccak256(code))
        const index = hashes.indexOf(hash, lastIndex + 1)
        if (index === -1) {
          const reason = `code ${hash} was not asked for, or comes out of order`
          const answered = { peer, protocol: BYTE_CODES.name }
          throw falseState(checks, { code: 'state-unrequested', ...answered, reason })
        }
        lastIndex = index
        const pause = yielder.maybeYield()
        if (pause !== undefined) await pause
      }
      yield codes
    }
  }
}
