// This node's answers against those that geth gave on the same chain, where there is no geth to ask.
import assert from 'node:assert/strict'
import { bytesToHex } from '../../src/base/bytes.ts'
import { type RpcChainFixture } from '../unit/rpc/rpc-chain.ts'
import {
  admittedDifference,
  type Answer,
  DIFFERENCES,
  findDifference,
  isNeeded,
  type RecordedAnswer,
  recordedAnswers
} from './geth/compare-answers.ts'
import { openGethChain, POOLED } from './geth/geth-chain.ts'
import { gethRequests } from './geth/geth-requests.ts'

/** So many requests make the comparison worth its name. */
const REQUESTS_MIN = 200

describe('beside geth', () => {
  let rpc: RpcChainFixture
  let recorded: readonly RecordedAnswer[]
  const ours: Answer[] = []

  before(async () => {
    recorded = await recordedAnswers()
    rpc = await openGethChain()
    for (const raw of POOLED) await rpc.result('eth_sendRawTransaction', bytesToHex(raw))
    for (const { method, params } of recorded) ours.push(await rpc.ask(method, ...params))
  })

  it('the same is asked as when geth was asked last', () => {
    const requests = gethRequests(rpc.blocks).map((request) => JSON.stringify(request))
    const asked = recorded.map(({ method, params }) => JSON.stringify({ method, params }))
    assert.deepEqual(requests, asked, 'ask geth again: npm run -s interop:geth -- --record')
    assert.ok(asked.length >= REQUESTS_MIN)
  })
  it('every answer is the same, but for the differences that are admitted', () => {
    const differing = recorded.flatMap(({ answer, ...request }, index) => {
      return findDifference(request, ours[index] ?? {}, answer) ?? []
    })
    assert.deepEqual(differing, [])
  })
  it('no difference is admitted that is none', () => {
    const needed = recorded.flatMap(({ answer, ...request }, index) =>
      isNeeded(request, ours[index] ?? {}, answer) ? [admittedDifference(request)] : []
    )
    assert.deepEqual(
      DIFFERENCES.filter((one) => !needed.includes(one)),
      []
    )
  })
  it('another answer is found: a field more, a field less, another code', () => {
    const request = { method: 'eth_chainId', params: [] }
    const pairs = [
      [{ result: { a: 1 } }, { result: { a: 1, b: null } }],
      [{ result: '0x1' }, { result: '0x01' }],
      [{ error: { code: -32000, message: '' } }, { error: { code: -32602, message: '' } }],
      [{ result: null }, { error: { code: -32000, message: '' } }]
    ] as const
    for (const [one, other] of pairs)
      assert.match(findDifference(request, one, other) ?? '', /geth/)
    const [first] = pairs
    assert.equal(findDifference(request, first[0], { ...first[0] }), undefined)
  })
})
