// Nodes that break one rule of payload_by_number.
import { type BrokenNode, changed } from './broken-node.ts'
import { type PayloadAnswer, servePayload } from './fake-payloads.ts'

const REQUEST_BYTES = 8
const FIRST_CHECKSUM_AT = 5 + 10 + 4

function broken(rule: string, what: string, payloads: PayloadAnswer): BrokenNode {
  return { rule, what, faults: { payloads } }
}

/** Each breaks the rule of its line. */
export const BROKEN_PAYLOADS: readonly BrokenNode[] = [
  broken('PN-1', 'takes what is missing of a request for zeros', (request, chain) => {
    const whole = new Uint8Array(REQUEST_BYTES)
    whole.set(request)
    return servePayload(request.length === 0 ? request : whole, chain)
  }),
  broken('PN-2', 'serves the block after the one asked for', (request, chain) => {
    const isWhole = request.length === REQUEST_BYTES && request[0] !== 0
    return servePayload(isWhole ? changed(request, 0, request[0]! + 1) : request, chain)
  }),
  broken('PN-2', 'says version 2, as the text of the OP Stack has it', (request, chain) => {
    const bytes = servePayload(request, chain)
    return bytes[0] === 0 ? changed(bytes, 1, 2) : bytes
  }),
  broken('PN-3', 'sends checksums that are wrong', (request, chain) => {
    const bytes = servePayload(request, chain)
    if (bytes[0] !== 0) return bytes
    return changed(bytes, FIRST_CHECKSUM_AT, bytes[FIRST_CHECKSUM_AT]! ^ 1)
  }),
  broken('PN-3', 'leaves out the end of the stream', (request, chain) => {
    const bytes = servePayload(request, chain)
    return bytes[0] === 0 ? bytes.subarray(0, -1) : bytes
  }),
  broken('PN-5', 'sends a version after result 1', (request, chain) => {
    const bytes = servePayload(request, chain)
    return bytes[0] === 1 ? Uint8Array.of(1, 0) : bytes
  }),
  broken('PN-5', 'calls a height that it lacks an error', (request, chain) => {
    const bytes = servePayload(request, chain)
    return bytes[0] === 1 ? Uint8Array.of(3) : bytes
  })
]
