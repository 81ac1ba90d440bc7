// What a fake node answers to payload_by_number.
import { type Libp2p } from '@libp2p/interface'
import { withPatience } from '../../../protocols/conformance/patience.ts'
import { StreamReader } from '../../../protocols/conformance/raw-stream.ts'
import { PAYLOAD_BY_NUMBER, toUnsignedPayload } from '../../../protocols/payload-by-number/codec.ts'
import { PAYLOAD_FRAME } from '../../../protocols/payload-by-number/payload-frame.ts'
import { protocolId } from '../../../protocols/protocol-def.ts'
import { type ChainBlock, FAKE_CHAIN_ID } from './fake-chain.ts'

/** The request's bytes in, the response's bytes out. */
export type PayloadAnswer = (request: Uint8Array, chain: readonly ChainBlock[]) => Uint8Array

const TIMEOUT_MS = 3_000

/** Every rule kept. */
export function servePayload(request: Uint8Array, chain: readonly ChainBlock[]): Uint8Array {
  const { request: codec, limits } = PAYLOAD_BY_NUMBER
  if (request.length !== limits.requestMaxBytes) return Uint8Array.of(2)
  const { number } = codec.decode(request)
  const block = chain.find((one) => one.number === number)
  if (block === undefined) return Uint8Array.of(1)
  const { version, bytes } = toUnsignedPayload(block)
  return PAYLOAD_FRAME.encode({ result: 'ok', version, bytes }, limits.chunkMaxBytes)
}

/** Registers the protocol. */
export async function servePayloads(
  host: Libp2p,
  chain: readonly ChainBlock[],
  answer: PayloadAnswer
): Promise<void> {
  await host.handle(protocolId(PAYLOAD_BY_NUMBER, FAKE_CHAIN_ID), async (stream) => {
    try {
      const { bytes } = await new StreamReader(stream).all(TIMEOUT_MS)
      stream.send(answer(new Uint8Array(bytes), chain))
      await withPatience(TIMEOUT_MS, (signal) => stream.close({ signal }))
    } catch (thrown) {
      stream.abort(thrown instanceof Error ? thrown : new Error('failed'))
    }
  })
}
