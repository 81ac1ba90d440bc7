// Is the suite itself sound? Fake nodes that each break one rule: the cases of that rule fail, and no others.
import assert from 'node:assert/strict'
import { decompressBlock } from '../../protocols/snappy-block.ts'
import { keccak256 } from './block-maker.ts'
import { fakeStatus, okChunk, serveRange } from './broken/fake-answers.ts'
import { FAKE_CHAIN_ID, FAKE_SIGNER } from './broken/fake-chain.ts'
import { sha256 } from './broken/fake-gossip.ts'
import { type FakeFaults, startFakeNode } from './broken/fake-node.ts'
import { type CaseResult } from './verdict.ts'
import { NodeListener } from './node-listener.ts'
import { withField } from './raw-status.ts'
import { runSuite } from './suite.ts'

const PATIENCE_MS = 1_500
const OTHER_KEY = keccak256(Uint8Array.of(5))
const STATUS_MAX_BYTES = 173
const NONE = 2n ** 64n - 1n

/** Each breaks one rule as a server or in gossip. */
const SERVERS: readonly (readonly [rule: string, what: string, faults: FakeFaults])[] = [
  ['TR-3', 'has an Ed25519 identity', { keyType: 'Ed25519' }],
  ['FR-1', 'serves the next chain too', { otherChains: [FAKE_CHAIN_ID + 1n] }],
  ['FR-4', 'waits for the close of a request that is too long', { waitsForClose: true }],
  [
    'FR-7',
    'sends a status with version 1',
    {
      answers: (sound) => ({ status: (request) => changed(sound.status(request), 1, 1) })
    }
  ],
  [
    'FR-11',
    'goes on after result 1',
    {
      answers: (sound) => ({
        blocks_by_range: (request) => {
          const bytes = sound.blocks_by_range(request)
          return bytes[0] === 1 ? Buffer.concat([bytes, bytes]) : bytes
        }
      })
    }
  ],
  [
    'FR-12',
    'gives a reason that is not UTF-8',
    {
      answers: (sound) => ({
        blocks_by_range: (request) => {
          const bytes = sound.blocks_by_range(request)
          return bytes[0] === 1 ? changed(bytes, 6, 0xff) : bytes
        }
      })
    }
  ],
  [
    'ST-1',
    'sends a status of 172 bytes',
    {
      answers: (sound, chain) => ({
        status: (request) => {
          const bytes = sound.status(request)
          return bytes[0] === 0 ? okChunk(fakeStatus(chain).subarray(0, -1)) : bytes
        }
      })
    }
  ],
  [
    'ST-5',
    'sends one end of its states',
    {
      answers: (sound, chain) => ({
        status: (request) => {
          const bytes = sound.status(request)
          return bytes[0] === 0 ? okChunk(withField(fakeStatus(chain), 'newestState', NONE)) : bytes
        }
      })
    }
  ],
  ['ST-10', 'keeps peers of another chain', { staysConnected: true }],
  [
    'TI-4',
    'sends a tip with the version of its block',
    {
      answers: (sound) => ({
        signed_tip: (request) => {
          const bytes = sound.signed_tip(request)
          return bytes[0] === 0 ? changed(bytes, 1, 3) : bytes
        }
      })
    }
  ],
  ['TI-10', 'keeps older connections', { keepsOlder: true }],
  [
    'BR-2',
    'serves from genesis on',
    {
      answers: (sound) => ({
        blocks_by_range: (request) => {
          const isFromGenesis =
            request.length === 20 && request.subarray(0, 8).every((it) => it === 0)
          return sound.blocks_by_range(isFromGenesis ? changed(request, 0, 1) : request)
        }
      })
    }
  ],
  [
    'BR-5',
    'leaves a block out',
    {
      answers: (sound, chain) => ({
        blocks_by_range: (request) => {
          const bytes = sound.blocks_by_range(request)
          const start = request.length === 20 ? request[0] : 0
          const isAll = start === 1 && request[8] === 0 && request[9] === 4
          const gap = chain.filter(({ number }) => number !== 2n)
          return isAll ? serveRange(gap, { start: 1n, count: 1024n, maxBytes: 2 ** 24 }) : bytes
        }
      })
    }
  ],
  [
    'BR-6',
    'passes over maxBytes',
    {
      answers: (sound) => ({
        blocks_by_range: (request) =>
          sound.blocks_by_range(request.length === 20 ? changed(request, 19, 1) : request)
      })
    }
  ],
  ['BM-11', 'serves a block of another signer', { chain: { key: OTHER_KEY } }],
  [
    'BM-12',
    'serves a block with a false hash',
    {
      chain: { plan: { blockHash: keccak256(Uint8Array.of(9)) } }
    }
  ],
  ['GO-1', 'leaves a topic out', { gossip: { topicVersions: [1, 2, 3] } }],
  [
    'GO-3',
    'passes messages on as its own',
    {
      gossip: { passOn: ({ topic, data }) => ({ topic, data, from: Uint8Array.of(0, 1, 1) }) }
    }
  ],
  [
    'GO-6',
    'computes message ids without the topic',
    {
      gossip: {
        idOf: ({ data }) => {
          const domain = Uint8Array.of(1, 0, 0, 0)
          return sha256(Buffer.concat([domain, decompressBlock(data, 2 ** 24)])).subarray(0, 20)
        }
      }
    }
  ],
  ...['GO-9', 'GO-11', 'GO-12', 'GO-13', 'GO-14', 'GO-15'].map(
    (rule) => [rule, 'does not look at it', { gossip: { skipped: [rule] } }] as const
  )
]

/** Each breaks one rule as the one that dials. */
const CLIENTS: typeof SERVERS = [
  ['ST-9', 'dials and sends no status', { client: 'silent' }],
  ['FR-3', 'does not close its side after a request', { client: 'never closing' }],
  [
    'FR-7',
    'reads a status of any version',
    { readAnswer: (bytes) => readLoosely(bytes, [0], [0, 7]) }
  ],
  [
    'FR-11',
    'reads a status of any result',
    { readAnswer: (bytes) => readLoosely(bytes, [0, 9], [0]) }
  ]
]

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

/** Chain and genesis of one whole chunk with one of these results and versions. */
function readLoosely(bytes: Uint8Array, results: readonly number[], versions: readonly number[]) {
  const [result = 255, version = 255] = bytes
  if (!results.includes(result) || !versions.includes(version) || bytes.length < 6) return undefined
  const length = Buffer.from(bytes).readUInt32LE(2)
  if (length !== bytes.length - 6) return undefined
  try {
    const content = decompressBlock(bytes.subarray(6), STATUS_MAX_BYTES)
    if ((content[44] ?? 2) > 1) return undefined
    return {
      chainId: Buffer.from(content).readBigUInt64LE(0),
      genesisHash: content.slice(8, 40)
    }
  } catch {
    return undefined // no snappy block, or more than a status
  }
}

describe('the conformance suite', function () {
  this.timeout(120_000)
  const stops: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })

  async function run(faults: FakeFaults, isDialled: boolean): Promise<readonly CaseResult[]> {
    let listener: NodeListener | undefined
    if (isDialled) {
      listener = await NodeListener.open({
        multiaddr: '/ip4/127.0.0.1/tcp/0',
        chainId: FAKE_CHAIN_ID,
        patienceMs: PATIENCE_MS
      })
      stops.push(() => listener!.stop())
    }
    const node = await startFakeNode(faults, listener?.multiaddrs[0])
    stops.push(() => node.stop())
    return runSuite(
      {
        target: node.multiaddr,
        chainId: FAKE_CHAIN_ID,
        signerKey: FAKE_SIGNER,
        preset: 'op',
        patienceMs: PATIENCE_MS
      },
      { listener }
    )
  }

  const failures = (results: readonly CaseResult[]) =>
    results.filter(({ outcome }) => outcome === 'failed')
  const linesOf = (results: readonly CaseResult[]) =>
    results.map(({ id, detail }) => `${id}: ${detail}`)

  it('passes a fake node that breaks nothing, in both roles', async () => {
    const results = await run({}, true)
    assert.deepEqual(linesOf(failures(results)), [])
    const notRun = results.filter(({ outcome }) => outcome === 'not run').map(({ id }) => id)
    assert.deepEqual(notRun, ['ST-7 digest', 'ST-9 again', 'TI-11 false tip', 'BM-13 milliseconds'])
  })

  for (const [nodes, isDialled] of [
    [SERVERS, false],
    [CLIENTS, true]
  ] as const) {
    for (const [rule, what, faults] of nodes) {
      it(`catches a node that breaks ${rule} alone: it ${what}`, async () => {
        const failed = failures(await run(faults, isDialled))
        assert.notEqual(failed.length, 0, 'nothing failed')
        const others = failed.filter(({ rules }) => !rules.includes(rule))
        assert.deepEqual(linesOf(others), [])
      })
    }
  }
})
