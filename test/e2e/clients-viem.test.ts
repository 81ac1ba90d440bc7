// viem on a node that runs, over HTTP and WebSocket: every type of transaction without gas given, reads, filters, proofs, traces.
import assert from 'node:assert/strict'
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  type Hex,
  http,
  keccak256,
  type Log,
  numberToHex,
  pad,
  parseEther,
  toHex,
  webSocket
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { readToken } from '../../devnet/load/token-contract.ts'
import {
  type ClientNode,
  SAMPLE_CHAIN_ID,
  SAMPLE_MNEMONIC,
  startClientNode
} from '../support/client-node.ts'
import { assertProves } from '../support/proof-check.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const SUPPLY = parseEther('1000')
const HEIR: Address = `0x${'be'.repeat(20)}`
/** Where OpenZeppelin's ERC20 has its balances. */
const BALANCES_SLOT = 0n

describe('viem', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  const { abi, bytecode } = readToken()
  const account = mnemonicToAccount(SAMPLE_MNEMONIC, { addressIndex: 1 })
  let node: ClientNode | undefined

  afterEach(() => node?.stop())

  function clients({ httpUrl, wsUrl }: ClientNode) {
    const chain = defineChain({
      id: SAMPLE_CHAIN_ID,
      name: 'sample',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [httpUrl], webSocket: [wsUrl] } }
    })
    const options = { chain, pollingInterval: 50, cacheTime: 0 }
    const overHttp = createPublicClient({ ...options, transport: http() })
    const overSocket = createPublicClient({ ...options, transport: webSocket() })
    const wallet = createWalletClient({ ...options, account, transport: http() })
    return { overHttp, overSocket, wallet }
  }

  it('deploys, sends, reads, follows, overrides, proves and traces', async () => {
    node = await startClientNode(directory.path)
    const { overHttp, overSocket, wallet } = clients(node)
    const receiptOf = (hash: Hex) => overHttp.waitForTransactionReceipt({ hash })

    const deployed = await receiptOf(await wallet.deployContract({ abi, bytecode, args: [SUPPLY] }))
    const token = deployed.contractAddress
    assert.ok(token && deployed.status === 'success')

    const heads: bigint[] = []
    const transfers: Log[] = []
    const stopHeads = overSocket.watchBlockNumber({ onBlockNumber: (head) => heads.push(head) })
    const stopLogs = overSocket.watchContractEvent({
      ...{ address: token, abi, eventName: 'Transfer' },
      onLogs: (logs) => transfers.push(...logs)
    })
    const filter = await overHttp.createContractEventFilter({ address: token, abi })

    const data = encodeFunctionData({ abi, functionName: 'transfer', args: [HEIR, 1n] })
    const { accessList } = await overHttp.createAccessList({ account, to: token, data })
    // The target itself is warm, its two balances are not.
    assert.deepEqual(
      accessList.map(({ address, storageKeys }) => [address, storageKeys.length]),
      [[token, 2]]
    )
    const sent = [
      await wallet.sendTransaction({ type: 'legacy', to: token, data }),
      await wallet.sendTransaction({
        type: 'eip2930',
        ...{ to: token, data },
        accessList: [{ address: token, storageKeys: [balanceSlot(account.address)] }]
      }),
      await wallet.sendTransaction({ type: 'eip1559', to: token, data })
    ]
    const receipts = await Promise.all(sent.map(receiptOf))
    const authorization = await wallet.signAuthorization({
      contractAddress: token,
      executor: 'self'
    })
    const last = await receiptOf(
      await wallet.sendTransaction({
        type: 'eip7702',
        ...{ to: token, data, authorizationList: [authorization] }
      })
    )
    receipts.push(last)
    assert.deepEqual(
      receipts.map(({ type, status, logs }) => [type, status, logs.length]),
      ['legacy', 'eip2930', 'eip1559', 'eip7702'].map((type) => [type, 'success', 1])
    )

    const balance = (at: object = {}) =>
      overHttp.readContract({ address: token, abi, functionName: 'balanceOf', args: [HEIR], ...at })
    assert.equal(await balance(), 4n)
    assert.equal(await balance({ blockNumber: deployed.blockNumber }), 0n)
    const range = { fromBlock: deployed.blockNumber, toBlock: last.blockNumber }
    const logs = await overHttp.getContractEvents({ address: token, abi, ...range })
    assert.equal(logs.length, 5)
    await until('the filter and the subscriptions', () => transfers.length >= 4 && heads.length > 2)
    assert.equal((await overHttp.getFilterChanges({ filter })).length, 4)
    assert.deepEqual(
      transfers.map(({ transactionHash }) => transactionHash),
      receipts.map(({ transactionHash }) => transactionHash)
    )
    stopHeads()
    stopLogs()

    await overridden(overHttp, token)
    await proven(overHttp, token)
    const trace: unknown = await overHttp.request({
      method: 'debug_traceTransaction' as never,
      params: [receipts[2]!.transactionHash, { tracer: 'callTracer' }] as never
    })
    const { type, to, input } = trace as { type: string; to: Hex; input: Hex }
    assert.deepEqual([type, to, input], ['CALL', token, data])
    const socket = await overSocket.transport.getRpcClient()
    socket.close()
  })

  type Public = ReturnType<typeof clients>['overHttp']
  const balanceSlot = (owner: Address) =>
    keccak256(`${pad(owner)}${pad(toHex(BALANCES_SLOT)).slice(2)}`)

  async function overridden(client: Public, token: Address): Promise<void> {
    const ask = { address: token, abi, functionName: 'balanceOf', args: [account.address] } as const
    const value = pad(numberToHex(7n))
    const stateDiff = [{ slot: balanceSlot(account.address), value }]
    const stateOverride = [{ address: token, stateDiff }]
    assert.equal(await client.readContract({ ...ask, stateOverride }), 7n)
    const blockOverrides = { number: 99n, time: 5n }
    const { data } = await client.call({ data: '0x435f524260205260405ff3', blockOverrides })
    assert.equal(data, `${pad('0x63')}${pad('0x05').slice(2)}`)
    const revert = await client
      .simulateContract({ ...ask, functionName: 'transfer', args: [HEIR, 2n * SUPPLY], account })
      .catch((thrown: unknown) => thrown)
    assert.ok(revert instanceof BaseError)
    const reason = revert.walk((cause) => cause instanceof ContractFunctionRevertedError)
    assert.ok(reason instanceof ContractFunctionRevertedError)
    assert.equal(reason.data?.errorName, 'ERC20InsufficientBalance')
  }

  async function proven(client: Public, token: Address): Promise<void> {
    const { number, stateRoot } = await client.getBlock()
    const slot = balanceSlot(HEIR)
    const proof = await client.getProof({
      address: token,
      storageKeys: [slot],
      blockNumber: number
    })
    const { nonce, balance, storageHash, codeHash, accountProof, storageProof } = proof
    await assertProves(stateRoot, {
      ...{ key: token, nodes: accountProof },
      value: [numberToHex(nonce), numberToHex(balance), storageHash, codeHash]
    })
    const [found] = storageProof
    assert.equal(found?.value, 4n)
    await assertProves(storageHash, { key: slot, nodes: found.proof, value: '0x4' })
  }
})
