// txpool_ methods: what waits, by sender and nonce, in geth's form.
import assert from 'node:assert/strict'
import { getAddress, Transaction } from 'ethers'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

type Lists<T> = Readonly<Record<'pending' | 'queued', T>>
type ByNonce = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const GWEI = 10n ** 9n
/** Sender 3 has two that can run and two that wait for nonce 2; sender 4 creates a contract. */
const SENT = [
  signedTx({ from: 3, nonce: 1n, to: testAddress(5), value: 7n }),
  signedTx({ from: 3, nonce: 0n, type: 0, to: testAddress(5), price: 30n * GWEI }),
  signedTx({ from: 3, nonce: 11n, to: testAddress(5) }),
  signedTx({ from: 3, nonce: 3n, to: testAddress(5) }),
  signedTx({ from: 4, nonce: 0n, data: Uint8Array.of(0) })
]

describe('the content of the pool', () => {
  let rpc: RpcChainFixture
  const three = getAddress(testAddress(3))
  const four = getAddress(testAddress(4))

  before(async () => {
    rpc = await openRpcChain()
  })

  it('of an empty pool is two empty objects', async () => {
    const nothing = { pending: {}, queued: {} }
    assert.deepEqual(await rpc.result('txpool_content'), nothing)
    assert.deepEqual(await rpc.result('txpool_inspect'), nothing)
    assert.deepEqual(await rpc.result('txpool_contentFrom', testAddress(3)), nothing)
    assert.deepEqual(await rpc.result('txpool_status'), { pending: '0x0', queued: '0x0' })
  })
  it('has each sender by its checksummed address, and its transactions by nonce', async () => {
    for (const raw of SENT) await rpc.result('eth_sendRawTransaction', bytesToHex(raw))
    const content = (await rpc.result('txpool_content')) as Lists<Readonly<Record<string, ByNonce>>>
    assert.deepEqual(Object.keys(content.pending).sort(), [three, four].sort())
    assert.deepEqual(Object.keys(content.pending[three] ?? {}), ['0', '1'])
    assert.deepEqual(Object.keys(content.queued), [three])
    assert.deepEqual(Object.keys(content.queued[three] ?? {}), ['3', '11'])
    const one = content.pending[three]?.[1]
    const oracle = Transaction.from(bytesToHex(SENT[0]!))
    assert.deepEqual(
      [one?.hash, one?.from, one?.nonce, one?.value, one?.blockHash, one?.gasPrice],
      [oracle.hash, testAddress(3), '0x1', '0x7', null, `0x${(100n * GWEI).toString(16)}`]
    )
  })
  it('of one sender is its share of all', async () => {
    const content = (await rpc.result('txpool_content')) as Lists<Readonly<Record<string, ByNonce>>>
    const own = (await rpc.result('txpool_contentFrom', testAddress(3))) as Lists<ByNonce>
    assert.deepEqual(own, { pending: content.pending[three], queued: content.queued[three] })
    const nobody = await rpc.result('txpool_contentFrom', testAddress(7))
    assert.deepEqual(nobody, { pending: {}, queued: {} })
  })
  it('in a line each says what is paid to whom', async () => {
    const to = getAddress(testAddress(5))
    assert.deepEqual(await rpc.result('txpool_inspect'), {
      pending: {
        [three]: {
          0: `${to}: 0 wei + 1000000 gas × 30000000000 wei`,
          1: `${to}: 7 wei + 1000000 gas × 100000000000 wei`
        },
        [four]: { 0: 'contract creation: 0 wei + 1000000 gas × 100000000000 wei' }
      },
      queued: {
        [three]: {
          3: `${to}: 0 wei + 1000000 gas × 100000000000 wei`,
          11: `${to}: 0 wei + 1000000 gas × 100000000000 wei`
        }
      }
    })
  })
  it('is read as it was asked for, whatever is taken meanwhile', async () => {
    const senders = rpc.chain.pool.content()
    await rpc.result(
      'eth_sendRawTransaction',
      bytesToHex(signedTx({ from: 6, to: testAddress(5) }))
    )
    assert.equal(senders.length, 2)
    assert.equal(rpc.chain.pool.content().length, 3)
  })
})
