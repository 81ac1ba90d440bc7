// `npm run -s interop:geth -- --geth PATH [--record]`: the same requests to this node and to geth on the same chain.
import '../../../src/net/promise-with-resolvers.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesToHex, concatBytes } from '../../../src/base/bytes.ts'
import { EXIT_CODE } from '../../../src/cli/command-io.ts'
import { encodeBlock } from '../../../src/rpc/block-rlp.ts'
import { EXECUTION_CHAIN_ID } from '../../support/execution-chain.ts'
import { type RpcChainFixture } from '../../unit/rpc/rpc-chain.ts'
import { type Answer, ANSWERS_FILE, findDifference } from './compare-answers.ts'
import { gethGenesisText, openGethChain, POOLED } from './geth-chain.ts'
import { startGeth } from './geth-process.ts'
import { type GethRequest } from './geth-request.ts'
import { gethRequests } from './geth-requests.ts'

const USAGE = 'npm run -s interop:geth -- --geth PATH [--record]\n'

const { values } = parseArgs({
  options: { geth: { type: 'string' }, record: { type: 'boolean', default: false } }
})
if (values.geth === undefined) {
  process.stderr.write(USAGE)
  process.exitCode = EXIT_CODE.badUsage
} else {
  const areSame = await compare(values.geth, values.record)
  process.exitCode = areSame ? EXIT_CODE.good : EXIT_CODE.failed
}

/** True when every answer is geth's, or differs where the table of methods says so. */
async function compare(geth: string, isRecorded: boolean): Promise<boolean> {
  const rpc = await openGethChain()
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-geth-'))
  try {
    const running = await startGeth({
      geth,
      directory,
      chainId: EXECUTION_CHAIN_ID,
      genesisText: gethGenesisText(),
      blocks: concatBytes(...rpc.blocks.slice(1).map(encodeBlock))
    })
    try {
      return await compareAll(rpc, running.url, isRecorded)
    } finally {
      await running.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function compareAll(
  rpc: RpcChainFixture,
  url: string,
  isRecorded: boolean
): Promise<boolean> {
  for (const raw of POOLED) {
    const params = [bytesToHex(raw)]
    await rpc.result('eth_sendRawTransaction', ...params)
    await askGeth(url, { method: 'eth_sendRawTransaction', params })
  }
  const version = await askGeth(url, { method: 'web3_clientVersion', params: [] })
  const recorded: string[] = []
  let differingCount = 0
  for (const request of gethRequests(rpc.blocks)) {
    const answer = await askGeth(url, request)
    recorded.push(JSON.stringify({ ...request, answer }))
    const difference = findDifference(
      request,
      await rpc.ask(request.method, ...request.params),
      answer
    )
    if (difference === undefined) continue
    differingCount += 1
    process.stdout.write(`${difference}\n`)
  }
  if (isRecorded) {
    const head = `{\n"client": ${JSON.stringify(version.result)},\n"answers": [\n`
    await writeFile(ANSWERS_FILE, `${head}${recorded.join(',\n')}\n]\n}\n`)
  }
  const counts = `${String(recorded.length)} requests, ${String(differingCount)} answered otherwise`
  process.stdout.write(`${counts} than by ${String(version.result)}\n`)
  return differingCount === 0
}

async function askGeth(url: string, { method, params }: GethRequest): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  const { result, error } = (await response.json()) as Answer
  return error === undefined ? { result } : { error }
}
