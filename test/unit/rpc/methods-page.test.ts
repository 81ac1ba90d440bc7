// The table of methods on its page, against the methods there are, those of the field, and the differences from geth.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { adminMethods } from '../../../src/rpc/admin-methods.ts'
import { operatorMethods } from '../../../src/rpc/operator-methods.ts'
import { outputMethods } from '../../../src/rpc/output-methods.ts'
import { DIFFERENCES } from '../../interop/geth/compare-answers.ts'
import { executionApis } from '../../support/execution-apis.ts'
import { projectPath } from '../../support/project-root.ts'
import { openRpcChain, type RpcChainFixture } from './rpc-chain.ts'

const STATUSES = ['supported', 'differs', 'refused']
const ROW = /^\| `(?<method>[a-z0-9]+_\w+)` \| (?<status>[a-z]+) \| (?<how>.*)\|$/

interface Row {
  readonly method: string
  readonly status: string
  readonly how: string
}

/** Every line of a table that names a method; throws for one that is not of the form. */
function readRows(page: string): readonly Row[] {
  const lines = page.split('\n').filter((line) => line.startsWith('| `'))
  return lines.map((line) => {
    const { method = '', status = '', how = '' } = ROW.exec(line)?.groups ?? {}
    assert.ok(STATUSES.includes(status), `no row of a method: ${line}`)
    return { method, status, how: how.trim() }
  })
}

/** What is only told by its name is not asked. */
const notAsked = () => assert.fail('asked')

describe('the table of methods', () => {
  let rows: readonly Row[]
  let answered: readonly string[]
  let rpc: RpcChainFixture

  before(async () => {
    rows = readRows(await readFile(projectPath('src', 'rpc', 'methods.md'), 'utf8'))
    rpc = await openRpcChain()
    const operators = operatorMethods({
      ...{ head: notAsked, rollup: notAsked, recovery: notAsked },
      ...{ self: notAsked, peers: notAsked, bannedPeers: notAsked }
    })
    const admins = adminMethods({
      ...{ startSequencer: notAsked, stopSequencer: notAsked, isSequencerActive: notAsked },
      ...{ addBackup: notAsked, removeBackup: notAsked }
    })
    const outputs = outputMethods({
      chain: {
        ...{
          head: notAsked,
          pending: notAsked,
          blockByNumber: notAsked,
          oldestBlock: notAsked,
          blockByHash: notAsked
        },
        ...{ receipts: notAsked, transactionLocation: notAsked }
      },
      ...{ node: { gateShut: notAsked }, state: { view: notAsked, oldestReadable: notAsked } },
      ...{ isForkActive: notAsked, version: '' }
    })
    answered = [
      ...rpc.methods.keys(),
      ...[operators, outputs, admins].flatMap((methods) => Object.keys(methods))
    ]
  })

  const named = (...statuses: readonly string[]) =>
    rows.filter(({ status }) => statuses.includes(status)).map(({ method }) => method)

  it('names each method once', () => {
    const methods = named(...STATUSES)
    assert.ok(methods.length > 0)
    assert.deepEqual(
      methods.filter((method, index) => methods.indexOf(method) !== index),
      []
    )
  })
  it('has as supported or differing what is answered, and nothing else', () => {
    assert.deepEqual(named('supported', 'differs').sort(), [...new Set(answered)].sort())
  })
  it('has every method of the execution API', async () => {
    const { methods } = await executionApis()
    const known = named(...STATUSES)
    assert.deepEqual(
      methods.map(({ name }) => name).filter((name) => !known.includes(name)),
      []
    )
  })
  it('says of each difference what it is', () => {
    assert.deepEqual(
      rows.filter(({ status, how }) => status === 'differs' && how === ''),
      []
    )
    const differing = named('differs')
    assert.deepEqual(
      DIFFERENCES.map(({ method }) => method).filter((method) => !differing.includes(method)),
      []
    )
  })
  it('says truly what is refused', async () => {
    for (const method of named('refused')) {
      assert.equal((await rpc.ask(method)).error?.code, -32601, method)
    }
  })
  it('is refused with a row that is none', () => {
    for (const line of ['| `eth_call` | maybe | |', '| `call` | supported | |', '| `eth_call` |']) {
      assert.throws(() => readRows(line), /no row of a method/)
    }
    assert.deepEqual(readRows('| `eth_call` | differs | so |'), [
      { method: 'eth_call', status: 'differs', how: 'so' }
    ])
  })
})
