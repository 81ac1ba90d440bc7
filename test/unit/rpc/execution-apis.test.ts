// Every answer of a test chain against the schemas of the execution API.
import assert from 'node:assert/strict'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { type Answer, recordedAnswers } from '../../interop/geth/compare-answers.ts'
import { openGethChain, POOLED } from '../../interop/geth/geth-chain.ts'
import { gethRequests } from '../../interop/geth/geth-requests.ts'
import { compileExecutionApis, type MethodSchemas } from '../../support/execution-apis.ts'
import { type Reply } from './rpc-chain.ts'

/**
 * Where geth answers otherwise than the schemas say, and so does this node: a block that has no name yet, receipts of a block
 * above the head.
 */
const NOT_BY_SCHEMA = ['eth_getBlockByNumber pending', 'debug_getRawReceipts 0x63']
/** An empty list is one of logs, of hashes and of transactions at once, which the schema's oneOf refuses. */
const isEmptyFilterResult = ({ method, reply }: Asked) =>
  method === 'eth_getLogs' && Array.isArray(reply.result) && reply.result.length === 0

interface Asked {
  readonly name: string
  readonly method: string
  readonly params: readonly unknown[]
  readonly reply: Reply
  /** What geth answered last. */
  readonly geth: Answer | undefined
}

describe('the schemas of the execution API', () => {
  let schemas: ReadonlyMap<string, MethodSchemas>
  const asked: Asked[] = []

  before(async () => {
    schemas = await compileExecutionApis()
    const rpc = await openGethChain()
    for (const raw of POOLED) await rpc.result('eth_sendRawTransaction', bytesToHex(raw))
    const recorded = await recordedAnswers()
    for (const [index, { method, params }] of gethRequests(rpc.blocks).entries()) {
      const name = `${method} ${String(params[0])}`
      const geth = recorded[index]?.answer
      asked.push({ name, method, params, reply: await rpc.ask(method, ...params), geth })
    }
  })

  const resultProblems = (isException: boolean) =>
    asked.flatMap((one) => {
      const { name, method, params, reply } = one
      if (reply.error !== undefined || isEmptyFilterResult(one)) return []
      if (NOT_BY_SCHEMA.includes(name) !== isException) return []
      const problem = schemas.get(method)?.resultProblem(reply.result)
      return problem === undefined ? [] : [`${method} ${JSON.stringify(params)}: ${problem}`]
    })

  it('allow every answer, but for what geth answers too', () => {
    assert.deepEqual(resultProblems(false), [])
    const exceptions = resultProblems(true)
    assert.equal(
      exceptions.length,
      NOT_BY_SCHEMA.length + 1,
      'blocks with and without transactions'
    )
  })
  it('are there for most of what was asked', () => {
    const checked = new Set(
      asked.map(({ method }) => method).filter((method) => schemas.has(method))
    )
    assert.ok(checked.size > 25, String(checked.size))
  })
  it('allow no request that is refused for its form, unless geth refuses it', () => {
    const refused = asked.filter(({ method, params, reply, geth }) => {
      const isAllowed = schemas.get(method)?.areParamsValid(params) === true
      return isAllowed && reply.error?.code === -32602 && geth?.error === undefined
    })
    assert.deepEqual(
      refused.map(({ method, params }) => `${method} ${JSON.stringify(params)}`),
      []
    )
  })
  it('refuse what is not of their form', () => {
    const block = schemas.get('eth_getBlockByNumber')
    const receipt = schemas.get('eth_getTransactionReceipt')
    assert.match(block?.resultProblem({ number: '0x1' }) ?? '', /required/)
    assert.match(receipt?.resultProblem({ status: 1 }) ?? '', /must/)
    assert.match(schemas.get('eth_chainId')?.resultProblem('0x01') ?? '', /pattern/)
    assert.equal(block?.areParamsValid(['0x1', 'yes']), false)
    assert.equal(block?.areParamsValid(['0x1', true]), true)
  })
})
