// Nodes that break one rule of framing, status, tips, blocks by height or messages, as the ones that are asked.
import { keccak256 } from '../block-maker.ts'
import { withField } from '../raw-status.ts'
import { answering, type BrokenNode, changed } from './broken-node.ts'
import { fakeStatus, okChunk, serveRange } from './fake-answers.ts'
import { FAKE_CHAIN_ID } from './fake-chain.ts'

const OTHER_KEY = keccak256(Uint8Array.of(5))
const NONE = 2n ** 64n - 1n
const REQUEST_BYTES = 20

/** Each breaks the rule of its line. */
export const BROKEN_SERVERS: readonly BrokenNode[] = [
  { rule: 'TR-3', what: 'has an Ed25519 identity', faults: { keyType: 'Ed25519' } },
  {
    rule: 'FR-1',
    what: 'serves the next chain too',
    faults: { otherChains: [FAKE_CHAIN_ID + 1n] }
  },
  {
    rule: 'FR-4',
    what: 'waits for the close of a request that is too long',
    faults: { waitsForClose: true }
  },
  answering('FR-7', 'sends a status with version 1', 'status', (request, sound) =>
    changed(sound.status(request), 1, 1)
  ),
  answering('FR-11', 'goes on after result 1', 'blocks_by_range', (request, sound) => {
    const bytes = sound.blocks_by_range(request)
    return bytes[0] === 1 ? Buffer.concat([bytes, bytes]) : bytes
  }),
  answering('FR-12', 'gives a reason that is not UTF-8', 'blocks_by_range', (request, sound) => {
    const bytes = sound.blocks_by_range(request)
    return bytes[0] === 1 ? changed(bytes, 6, 0xff) : bytes
  }),
  answering('ST-1', 'sends a status of 172 bytes', 'status', (request, sound, chain) => {
    const bytes = sound.status(request)
    return bytes[0] === 0 ? okChunk(fakeStatus(chain).subarray(0, -1)) : bytes
  }),
  answering('ST-5', 'sends one end of its states', 'status', (request, sound, chain) => {
    const bytes = sound.status(request)
    return bytes[0] === 0 ? okChunk(withField(fakeStatus(chain), 'newestState', NONE)) : bytes
  }),
  { rule: 'ST-10', what: 'keeps peers of another chain', faults: { staysConnected: true } },
  answering('TI-4', 'sends a tip with the version of its block', 'signed_tip', (request, sound) => {
    const bytes = sound.signed_tip(request)
    return bytes[0] === 0 ? changed(bytes, 1, 3) : bytes
  }),
  { rule: 'TI-10', what: 'keeps older connections', faults: { keepsOlder: true } },
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
