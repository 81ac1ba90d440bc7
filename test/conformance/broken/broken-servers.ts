// Nodes that break one rule of the transport, framing, status or tips, as the ones that are asked.
import { withField } from '../../../protocols/conformance/raw-status.ts'
import { answering, type BrokenNode, changed } from './broken-node.ts'
import { fakeStatus } from './fake-answers.ts'
import { okChunk } from './fake-frames.ts'
import { FAKE_CHAIN_ID } from './fake-chain.ts'

const NONE = 2n ** 64n - 1n

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
  { rule: 'TI-10', what: 'keeps older connections', faults: { keepsOlder: true } }
]
