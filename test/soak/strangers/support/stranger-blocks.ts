// Block messages that are sound but for their signature: a stranger's key signed them.
import { compressBlock } from '../../../../protocols/snappy-block.ts'
import { blocksTopic } from '../../../../protocols/gossip/topic.ts'
import { keccak256, makeBlock } from '../../../../protocols/conformance/block-maker.ts'
import { type WireMessage } from '../../../../protocols/conformance/gossip-wire.ts'

const VERSION = 3
const KEY = keccak256(Buffer.from('a stranger signs blocks'))

/** One of this moment; another for each salt. */
export async function strangerBlock(chainId: number, salt: number): Promise<WireMessage> {
  const timestamp = BigInt(Math.floor(Date.now() / 1_000))
  const plan = {
    number: 1_000n + BigInt(salt % 100),
    timestamp,
    version: VERSION,
    parentHash: keccak256(Buffer.from(String(salt)))
  } as const
  const message = await makeBlock(plan, { key: KEY, chainId: BigInt(chainId) })
  return { topic: blocksTopic(BigInt(chainId), VERSION), data: compressBlock(message) }
}

/** Ten megabytes of one byte, as half a megabyte on the wire; another for each salt. */
export function snappyBomb(chainId: number, salt: number): WireMessage {
  const bytes = new Uint8Array(10 * 2 ** 20)
  new DataView(bytes.buffer).setUint32(0, salt)
  return { topic: blocksTopic(BigInt(chainId), VERSION), data: compressBlock(bytes) }
}
