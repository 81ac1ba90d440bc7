// admin_ methods: what reaches the port, what is refused before it does, and what comes back.
import assert from 'node:assert/strict'
import { adminMethods, type AdminPort } from '../../../src/rpc/admin-methods.ts'
import { answerValue } from '../../support/rpc-answer.ts'

const HASH = `0x${'ab'.repeat(32)}` as const
const ADDRESS = '/ip4/127.0.0.1/tcp/9222/p2p/16Uiu2HAm'

function createPort() {
  const calls: unknown[][] = []
  const change = { peerId: 'peer', backups: ['peer'] }
  const port: AdminPort = {
    startSequencer: (hash) => void calls.push(['start', hash]),
    stopSequencer: () => {
      calls.push(['stop'])
      return Promise.resolve(HASH)
    },
    isSequencerActive: () => true,
    addBackup: (address) => {
      calls.push(['add', address])
      return Promise.resolve(change)
    },
    removeBackup: (peerId) => {
      calls.push(['remove', peerId])
      return Promise.resolve(change)
    }
  }
  const methods = new Map(Object.entries(adminMethods(port)))
  const ask = async (method: string, ...params: readonly unknown[]) =>
    (await answerValue({ methods }, { jsonrpc: '2.0', id: 1, method, params })) as {
      readonly result?: unknown
      readonly error?: { readonly code: number }
    }
  return { calls, ask, change }
}

describe('admin methods', () => {
  it('reach what they name, and answer in op-node’s shapes', async () => {
    const { calls, ask, change } = createPort()
    assert.equal((await ask('admin_startSequencer', HASH)).result, null)
    assert.equal((await ask('admin_stopSequencer')).result, HASH)
    assert.equal((await ask('admin_sequencerActive')).result, true)
    assert.deepEqual((await ask('admin_addBackup', ADDRESS)).result, change)
    assert.deepEqual((await ask('admin_removeBackup', 'peer')).result, change)
    assert.deepEqual(calls, [['start', HASH], ['stop'], ['add', ADDRESS], ['remove', 'peer']])
  })

  it('take a hash in capitals', async () => {
    const { calls, ask } = createPort()
    await ask('admin_startSequencer', `0x${'AB'.repeat(32)}`)
    assert.deepEqual(calls, [['start', HASH]])
  })

  const BAD: readonly (readonly [method: string, ...params: unknown[]])[] = [
    ['admin_startSequencer'],
    ['admin_startSequencer', null],
    ['admin_startSequencer', '0x'],
    ['admin_startSequencer', HASH.slice(0, -1)],
    ['admin_startSequencer', `${HASH}0`],
    ['admin_startSequencer', 'latest'],
    ['admin_startSequencer', HASH, HASH],
    ['admin_stopSequencer', HASH],
    ['admin_sequencerActive', true],
    ['admin_addBackup'],
    ['admin_addBackup', ''],
    ['admin_addBackup', 7],
    ['admin_addBackup', [ADDRESS]],
    ['admin_addBackup', 'x'.repeat(513)],
    ['admin_addBackup', ADDRESS, ADDRESS],
    ['admin_removeBackup'],
    ['admin_removeBackup', {}]
  ]
  for (const [method, ...params] of BAD) {
    it(`refuse ${method} with ${JSON.stringify(params).slice(0, 60)}`, async () => {
      const { calls, ask } = createPort()
      assert.equal((await ask(method, ...params)).error?.code, -32602)
      assert.deepEqual(calls, [])
    })
  }

  it('have none for a payload without a signature', async () => {
    const { ask } = createPort()
    assert.equal((await ask('admin_postUnsafePayload', {})).error?.code, -32601)
  })
})
