// Nodes that break one rule of blocks by height, or of the blocks themselves.
import { keccak256 } from '../../../protocols/conformance/block-maker.ts'
import { answering, type BrokenNode, changed } from './broken-node.ts'
import { serveRange } from './fake-answers.ts'

const OTHER_KEY = keccak256(Uint8Array.of(5))
const REQUEST_BYTES = 20

/** Each breaks the rule of its line. */
export const BROKEN_RANGES: readonly BrokenNode[] = [
  answering('FR-11', 'goes on after result 1', 'blocks_by_range', (request, sound) => {
    const bytes = sound.blocks_by_range(request)
    return bytes[0] === 1 ? Buffer.concat([bytes, bytes]) : bytes
  }),
  answering('FR-12', 'gives a reason that is not UTF-8', 'blocks_by_range', (request, sound) => {
    const bytes = sound.blocks_by_range(request)
    return bytes[0] === 1 ? changed(bytes, 6, 0xff) : bytes
  }),
  answering('BR-2', 'serves from genesis on', 'blocks_by_range', (request, sound) => {
    const isFromGenesis =
      request.length === REQUEST_BYTES && request.subarray(0, 8).every((it) => it === 0)
    return sound.blocks_by_range(isFromGenesis ? changed(request, 0, 1) : request)
  }),
  answering('BR-5', 'leaves a block out', 'blocks_by_range', (request, sound, chain) => {
    const isAll = request.length === REQUEST_BYTES && request[0] === 1 && request[9] === 4
    if (!isAll || request[8] !== 0) return sound.blocks_by_range(request)
    const gap = chain.filter(({ number }) => number !== 2n)
    return serveRange(gap, { start: 1n, count: 1024n, maxBytes: 2 ** 24 })
  }),
  answering('BR-6', 'passes over maxBytes', 'blocks_by_range', (request, sound) =>
    sound.blocks_by_range(request.length === REQUEST_BYTES ? changed(request, 19, 1) : request)
  ),
  {
    rule: 'BM-11',
    what: 'serves a block of another signer',
    faults: { chain: { key: OTHER_KEY } }
  },
  {
    rule: 'BM-12',
    what: 'serves a block with a false hash',
    faults: { chain: { plan: { blockHash: keccak256(Uint8Array.of(9)) } } }
  }
]
