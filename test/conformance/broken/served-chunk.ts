// An answer of one chunk, taken apart and put together with something else in it.
import { ChunkParser } from '../../../protocols/framing/chunk-parser.ts'
import { limitsOf } from '../../../protocols/conformance/protocol-facts.ts'
import { type Answering, answering, type BrokenNode } from './broken-node.ts'
import { okChunk } from './fake-frames.ts'
import { type StateProtocolName } from './fake-state-answers.ts'

/** The content of the one chunk; undefined where the result is not 0. */
export function contentIn(protocol: StateProtocolName, answer: Uint8Array): Uint8Array | undefined {
  const [first] = new ChunkParser(limitsOf(protocol)).push(answer)
  return first?.result === 'ok' ? first.bytes : undefined
}

/** Sends other bytes in the place of sound ones; the same where it is told nothing. */
export function sendingOther(
  protocol: StateProtocolName,
  rule: string,
  what: string,
  change: (
    content: Uint8Array,
    request: Uint8Array,
    state: Parameters<Answering>[3]
  ) => Uint8Array | undefined
): BrokenNode {
  return answering(rule, what, protocol, (request, sound, _, state) => {
    const answer = sound[protocol](request)
    const content = contentIn(protocol, answer)
    const other = content && change(content, request, state)
    return other === undefined ? answer : okChunk(other)
  })
}

/** Reads a request in another way before it is answered. */
export function readingOther(
  protocol: StateProtocolName,
  rule: string,
  what: string,
  change: (request: Uint8Array) => Uint8Array
): BrokenNode {
  return answering(rule, what, protocol, (request, sound) => sound[protocol](change(request)))
}

/** Breaks the rules that each of the four protocols has: on the frame, on the window, on what is not held. */
export function brokenFrames(
  protocol: StateProtocolName,
  rules: Readonly<Record<'chunk' | 'bytes' | 'unavailable' | 'window', string>>,
  empty: Uint8Array
): readonly BrokenNode[] {
  return [
    answering(rules.chunk, `sends ${protocol} with version 2`, protocol, (request, sound) => {
      const answer = Uint8Array.from(sound[protocol](request))
      if (answer[0] === 0) answer[1] = 2
      return answer
    }),
    sendingOther(protocol, rules.bytes, `sends another offset in ${protocol}`, (content) => {
      const bytes = Uint8Array.from(content)
      bytes[0]! += 1
      return bytes
    }),
    answering(
      rules.unavailable,
      `answers ${protocol} of another state`,
      protocol,
      (request, sound) => {
        const answer = sound[protocol](request)
        return answer[0] === 1 ? okChunk(empty) : answer
      }
    ),
    answering(rules.window, `holds nothing for ${protocol}`, protocol, (request, sound) => {
      const answer = sound[protocol](request)
      return answer[0] === 0 ? Uint8Array.of(1, 0, 0, 0, 0, 0) : answer
    })
  ]
}
