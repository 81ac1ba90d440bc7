// ethers on a node that runs, over HTTP and WebSocket: every type of transaction without gas given, reads, events, proofs, traces.
import assert from 'node:assert/strict'
import {
  type BaseContract,
  type ContractTransactionResponse,
  ContractFactory,
  dataSlice,
  HDNodeWallet,
  type InterfaceAbi,
  isError,
  JsonRpcProvider,
  type TransactionRequest,
  WebSocketProvider
} from 'ethers'
import { readToken } from '../../devnet/load/token-contract.ts'
import { type Hex } from '../../src/base/bytes.ts'
import { type ClientNode, SAMPLE_MNEMONIC, startClientNode } from '../support/client-node.ts'
import { assertProves } from '../support/proof-check.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const SUPPLY = 10n ** 21n
const HEIR = `0x${'be'.repeat(20)}`
const PATH = "m/44'/60'/0'/0/2"

interface Token extends BaseContract {
  balanceOf(owner: string): Promise<bigint>
  transfer(to: string, amount: bigint): Promise<ContractTransactionResponse>
}

interface RpcProof {
  readonly nonce: Hex
  readonly balance: Hex
  readonly storageHash: Hex
  readonly codeHash: Hex
  readonly accountProof: readonly Hex[]
}

describe('ethers', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  const { abi, bytecode } = readToken()
  let node: ClientNode | undefined
  const open: { destroy(): unknown }[] = []

  afterEach(async () => {
    for (const provider of open.splice(0)) await provider.destroy()
    await node?.stop()
  })

  it('deploys, sends, reads, follows, overrides, proves and traces', async () => {
    node = await startClientNode(directory.path)
    const provider = new JsonRpcProvider(node.httpUrl, undefined, { cacheTimeout: -1 })
    provider.pollingInterval = 50
    const socket = new WebSocketProvider(node.wsUrl)
    open.push(provider, socket)
    const wallet = HDNodeWallet.fromPhrase(SAMPLE_MNEMONIC, undefined, PATH).connect(provider)

    const factory = new ContractFactory<[bigint], Token>(abi as InterfaceAbi, bytecode, wallet)
    const token = await (await factory.deploy(SUPPLY)).waitForDeployment()
    const address = await token.getAddress()

    const heads: number[] = []
    const events: string[] = []
    await socket.on('block', (head: number) => heads.push(head))
    await socket.on({ address }, ({ transactionHash }: { transactionHash: string }) => {
      events.push(transactionHash)
    })

    const data = token.interface.encodeFunctionData('transfer', [HEIR, 1n])
    const authorization = await wallet.authorize({
      address,
      nonce: (await wallet.getNonce()) + 4
    })
    const requests: readonly TransactionRequest[] = [
      { type: 0 },
      { type: 1, accessList: [{ address, storageKeys: [] }] },
      { type: 2 },
      { type: 4, authorizationList: [authorization] }
    ]
    const hashes: string[] = []
    for (const request of requests) {
      const sent = await wallet.sendTransaction({ ...request, to: address, data })
      const receipt = await sent.wait()
      assert.deepEqual([receipt?.type, receipt?.status], [request.type, 1])
      assert.equal(receipt?.logs.length, 1)
      hashes.push(sent.hash)
    }
    assert.equal(await token.balanceOf(HEIR), 4n)
    assert.equal((await token.queryFilter('Transfer')).length, 5)
    assert.equal(dataSlice(await provider.getCode(wallet.address), 0, 3), '0xef0100')
    await until('the subscriptions', () => events.length >= 4 && heads.length > 2)
    assert.deepEqual(events, hashes)

    await refused(token)
    await overridden(provider, address)
    await proven(provider, address)
    const trace = (await provider.send('debug_traceTransaction', [
      hashes[2],
      { tracer: 'callTracer' }
    ])) as { readonly type: string; readonly input: string }
    assert.deepEqual([trace.type, trace.input], ['CALL', data])
  })

  async function refused(token: Token): Promise<void> {
    const thrown: unknown = await token.transfer(HEIR, 2n * SUPPLY).catch((error: unknown) => error)
    assert.ok(isError(thrown, 'CALL_EXCEPTION'), String(thrown))
    const reason = token.interface.parseError(thrown.data ?? '0x')
    assert.equal(reason?.name, 'ERC20InsufficientBalance')
  }

  async function overridden(provider: JsonRpcProvider, address: string): Promise<void> {
    // NUMBER, and what slot 0 of the account has, in two words.
    const code = '0x435f525f5460205260405ff3'
    const slot = `0x${'0'.repeat(63)}`
    const state = { [address]: { code, state: { [`${slot}0`]: `${slot}7` } } }
    const words: unknown = await provider.send('eth_call', [
      { to: address },
      'latest',
      state,
      { number: '0x5' }
    ])
    assert.equal(words, `${slot}5${slot.slice(2)}7`)
  }

  async function proven(provider: JsonRpcProvider, address: string): Promise<void> {
    const block = (await provider.send('eth_getBlockByNumber', ['latest', false])) as {
      readonly stateRoot: Hex
      readonly number: Hex
    }
    const proof = (await provider.send('eth_getProof', [address, [], block.number])) as RpcProof
    await assertProves(block.stateRoot, {
      key: address.toLowerCase() as Hex,
      nodes: proof.accountProof,
      value: [proof.nonce, proof.balance, proof.storageHash, proof.codeHash]
    })
  }
})
