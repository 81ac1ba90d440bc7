// What operators' tools get: op-node's shapes, with zeros where only L1 could tell.
import assert from 'node:assert/strict'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { operatorMethods, type PeerFacts } from '../../../src/rpc/operator-methods.ts'
import { answerValue } from '../../support/rpc-answer.ts'

const HASH = `0x${'ab'.repeat(32)}` as const
const PARENT = `0x${'cd'.repeat(32)}` as const
const ZERO = `0x${'00'.repeat(32)}`
const NO_L1_BLOCK = { hash: ZERO, number: 0, parentHash: ZERO, timestamp: 0 }
const NO_L2_BLOCK = { ...NO_L1_BLOCK, l1origin: { hash: ZERO, number: 0 }, sequenceNumber: 0 }

const head = {
  number: 12n,
  hash: HASH,
  parentHash: PARENT,
  header: { timestamp: 1_750_000_012n, gasLimit: 30_000_000n }
} as Block
const genesis = {
  number: 0n,
  hash: PARENT,
  header: { timestamp: 1_750_000_000n, gasLimit: 30_000_000n }
} as Block

const connected: PeerFacts = {
  peerId: 'peer-1',
  userAgent: 'rekindle/1',
  addresses: ['/ip4/10.0.0.1/tcp/9222/p2p/peer-1'],
  protocols: ['/meshsub/1.1.0'],
  direction: 'inbound',
  isConnected: true,
  isProtected: true
}
const away: PeerFacts = {
  ...connected,
  peerId: 'peer-2',
  addresses: [],
  direction: undefined,
  isConnected: false
}

async function ask(method: string, ...params: readonly unknown[]) {
  const methods = new Map(
    Object.entries(
      operatorMethods({
        head: () => head,
        rollup: () => ({
          chainId: 901n,
          genesis,
          blockTimeMs: 250,
          forks: { regolith: 0n, isthmus: 0n, jovian: undefined },
          signers: [{ fromBlock: 0n, address: '0x01' }]
        }),
        recovery: () => ({ gate: { open: true } }),
        self: () => ({ ...connected, peerId: 'self', direction: undefined }),
        peers: (isAll) => Promise.resolve(isAll ? [connected, away] : [connected]),
        bannedPeers: () => ['peer-3']
      })
    )
  )
  return (await answerValue({ methods }, { jsonrpc: '2.0', id: 1, method, params })) as {
    readonly result: Record<string, unknown>
    readonly error?: { readonly code: number }
  }
}

describe('methods for operators’ tools', () => {
  it('optimism_syncStatus knows the unsafe head and nothing of L1', async () => {
    const { result } = await ask('optimism_syncStatus')
    const unsafe = {
      hash: HASH,
      number: 12,
      parentHash: PARENT,
      timestamp: 1_750_000_012,
      l1origin: { hash: ZERO, number: 0 },
      sequenceNumber: 0
    }
    const l1 = ['current_l1', 'current_l1_finalized', 'head_l1', 'safe_l1', 'finalized_l1']
    const safe = ['safe_l2', 'finalized_l2', 'pending_safe_l2', 'local_safe_l2']
    assert.deepEqual(result, {
      ...Object.fromEntries(l1.map((name) => [name, NO_L1_BLOCK])),
      ...Object.fromEntries(safe.map((name) => [name, NO_L2_BLOCK])),
      unsafe_l2: unsafe,
      cross_unsafe_l2: unsafe
    })
  })

  it('optimism_rollupConfig has the chain as it was configured', async () => {
    const { result } = await ask('optimism_rollupConfig')
    assert.deepEqual(result, {
      genesis: {
        l1: { hash: ZERO, number: 0 },
        l2: { hash: PARENT, number: 0 },
        l2_time: 1_750_000_000,
        system_config: { batcherAddr: `0x${'00'.repeat(20)}`, gasLimit: 30_000_000 }
      },
      block_time: 0.25,
      l1_chain_id: 0,
      l2_chain_id: 901,
      regolith_time: 0,
      isthmus_time: 0,
      rekindle: { blockTimeMs: 250, signers: [{ fromBlock: 0, address: '0x01' }] }
    })
  })

  it('opp2p_peers lists who is connected, and with false those that are away too', async () => {
    const shown = {
      peerID: 'peer-1',
      userAgent: 'rekindle/1',
      addresses: ['/ip4/10.0.0.1/tcp/9222/p2p/peer-1'],
      protocols: ['/meshsub/1.1.0'],
      connectedness: 1,
      direction: 1,
      protected: true,
      chainID: 901,
      gossipBlocks: true
    }
    for (const params of [[], [true]]) {
      const { result } = await ask('opp2p_peers', ...params)
      assert.equal(result.totalConnected, 1)
      assert.deepEqual(result.peers, { 'peer-1': shown })
      assert.deepEqual(result.bannedPeers, ['peer-3'])
    }
    const { result } = await ask('opp2p_peers', false)
    assert.equal(result.totalConnected, 1)
    const nobody = { ...shown, peerID: 'peer-2', addresses: [], connectedness: 0, direction: 0 }
    assert.deepEqual(result.peers, { 'peer-1': shown, 'peer-2': nobody })
  })

  it('opp2p_self is a peer like the others, of no direction', async () => {
    const { result } = await ask('opp2p_self')
    assert.equal(result.peerID, 'self')
    assert.equal(result.direction, 0)
  })

  it('rekindle_recovery says what recovery says', async () => {
    assert.deepEqual((await ask('rekindle_recovery')).result, { gate: { open: true } })
  })

  for (const params of [['yes'], [1], [true, true]]) {
    it(`opp2p_peers refuses ${JSON.stringify(params)}`, async () => {
      assert.equal((await ask('opp2p_peers', ...params)).error?.code, -32602)
    })
  }
})
