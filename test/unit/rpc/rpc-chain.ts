// Every JSON-RPC method over a short chain in memory, executed by the embedded engine.
import { nextBaseFee } from '../../../src/chain/blocks/base-fee.ts'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { type Genesis } from '../../../src/chain/genesis/genesis.ts'
import { encodeReceipts, type Receipt } from '../../../src/chain/blocks/receipt.ts'
import { readReceipts } from '../../../src/chain/stored/stored-receipts.ts'
import { CallRunner } from '../../../src/execution/calls.ts'
import { ChainFeed } from '../../../src/rpc/chain-feed.ts'
import { Filters } from '../../../src/rpc/filters.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { BlockTexts } from '../../../src/rpc/block-texts.ts'
import { decodeFees, decodeTransaction } from '../../../src/rpc/decode-transaction.ts'
import { type MethodTable } from '../../../src/rpc/json-rpc.ts'
import { createMethodTable, type RpcDeps } from '../../../src/rpc/method-table.ts'
import { pendingBlock } from '../../../src/rpc/pending-block.ts'
import { toTransactionError } from '../../../src/rpc/transaction-errors.ts'
import { code, codeHex, word } from '../../support/execution-code.ts'
import { executionGenesis, ExecutionChain, testAddress } from '../../support/execution-chain.ts'
import { signedTx } from '../../support/execution-transactions.ts'
import { answerValue } from '../../support/rpc-answer.ts'

/** Logs its call data’s first word under two topics: TOPIC, and the caller. */
export const LOGGER: Hex = '0x00000000000000000000000000000000000000c1'
/** Reverts with the word 0x2a. */
export const REVERTER: Hex = '0x00000000000000000000000000000000000000c2'
/** Answers slot 1, which holds 7. */
export const KEEPER: Hex = '0x00000000000000000000000000000000000000c3'
/** The first topic of LOGGER’s logs. */
export const TOPIC: Hex = word(0x1234)
/** The second one: the account 0, 1 or 2 that called, in 32 bytes. */
export const callerTopic = (index: number): Hex =>
  `0x${'0'.repeat(24)}${testAddress(index).slice(2)}`

/** What a client sees: an answer’s result, or its error. */
export interface Reply {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** A chain with its methods. */
export interface RpcChainFixture {
  readonly chain: ExecutionChain
  /** What the methods were made of; a test tells its feed of blocks and transactions. */
  readonly deps: RpcDeps
  readonly methods: MethodTable
  /** What the tag stands for. */
  readonly pending: () => Block
  /** Genesis first. */
  readonly blocks: readonly Block[]
  /** By block hash; a test may take some away. */
  readonly receipts: Map<Hex, readonly Receipt[]>
  readonly ask: (method: string, ...params: readonly unknown[]) => Promise<Reply>
  /** What the node says of a shut gate; undefined while it is open. */
  readonly gate: { shut: Record<string, unknown> | undefined }
  /** Heights whose block the disk lost: what a read throws, or undefined where it finds none. Changed by a test. */
  readonly lost: Map<bigint, Error | undefined>
  /** The result; throws where there is an error. */
  readonly result: (method: string, ...params: readonly unknown[]) => Promise<unknown>
}

/** The transactions of each block, in their envelopes. */
export const BLOCK_TRANSACTIONS: readonly (readonly Uint8Array[])[] = [
  [
    signedTx({ type: 0, from: 0, nonce: 0n, to: testAddress(7), value: 5n, gasLimit: 21_000n }),
    signedTx({
      type: 2,
      from: 1,
      nonce: 0n,
      to: LOGGER,
      data: wordBytes(0xaa),
      tip: 3_000_000_000n
    }),
    signedTx({ type: 2, from: 0, nonce: 1n, data: code(0, 0, 'RETURN'), gasLimit: 100_000n })
  ],
  [],
  [
    signedTx({
      type: 1,
      from: 1,
      nonce: 1n,
      to: LOGGER,
      data: wordBytes(0xbb),
      accessList: [{ address: LOGGER, storageKeys: [word(1)] }]
    }),
    signedTx({
      type: 2,
      from: 2,
      nonce: 0n,
      to: LOGGER,
      data: wordBytes(0xcc),
      tip: 2_000_000_000n
    })
  ]
]

/** Another chain than the short one. */
export interface RpcChainOptions {
  readonly genesis?: Genesis
  /** Of each block, and what it begins with. */
  readonly transactions?: readonly (readonly Uint8Array[])[]
  /** Of every block, not only of those that an old or a recovering node has. */
  readonly areStatesKept?: boolean
}

/** Unless it is told otherwise: three blocks, the second of them empty. */
export async function openRpcChain({
  genesis = shortGenesis(),
  transactions: blockTransactions = BLOCK_TRANSACTIONS,
  areStatesKept = false
}: RpcChainOptions = {}): Promise<RpcChainFixture> {
  const chain = await ExecutionChain.open(genesis)
  const blocks: Block[] = [chain.head]
  const receipts = new Map<Hex, readonly Receipt[]>([[chain.head.hash, []]])
  for (const transactions of blockTransactions) {
    const executed = await chain.extend(transactions)
    blocks.push(executed.block)
    receipts.set(executed.block.hash, executed.receipts)
  }
  const gate: RpcChainFixture['gate'] = { shut: undefined }
  const lost: RpcChainFixture['lost'] = new Map()
  const deps = methodDeps(chain, blocks, { receipts, gate, lost, areStatesKept })
  const methods = createMethodTable(deps)
  const ask = async (method: string, ...params: readonly unknown[]) => {
    const body = { jsonrpc: '2.0', id: 1, method, params }
    return (await answerValue({ methods }, body)) as Reply
  }
  const result = async (method: string, ...params: readonly unknown[]) => {
    const { error, result: value } = await ask(method, ...params)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return value
  }
  const pending = () => deps.chain.pending()
  return { chain, deps, methods, pending, blocks, receipts, gate, lost, ask, result }
}

function shortGenesis(): Genesis {
  return executionGenesis({
    [LOGGER]: {
      code: codeHex(0, 'CALLDATALOAD', 0, 'MSTORE', 'CALLER', TOPIC, 32, 0, 'LOG2')
    },
    [REVERTER]: { code: codeHex(0x2a, 0, 'MSTORE', 32, 0, 'REVERT') },
    [KEEPER]: {
      code: codeHex(1, 'SLOAD', 0, 'MSTORE', 32, 0, 'RETURN'),
      storage: { [word(1)]: word(7) }
    }
  })
}

function methodDeps(
  chain: ExecutionChain,
  blocks: readonly Block[],
  {
    receipts,
    gate,
    lost,
    areStatesKept
  }: Pick<RpcChainFixture, 'receipts' | 'gate' | 'lost'> & { readonly areStatesKept: boolean }
): RpcDeps {
  const { common, pool, state } = chain
  const calls = new CallRunner({
    chainId: common.chainId(),
    blockHashes: (number) => blocks[Number(number)]?.hash
  })
  const feed = new ChainFeed()
  const isGone = (hash: Hex) =>
    (!areStatesKept && hash === blocks[1]?.hash) ||
    (gate.shut !== undefined && hash === blocks[3]?.hash)
  return {
    feed,
    filters: new Filters(feed, systemClock),
    chain: {
      head: () => blocks.at(-1) ?? chain.head,
      pending: () => pendingBlock(blocks.at(-1) ?? chain.head, chain.attributes()),
      blockByNumber(number) {
        const thrown = lost.get(number)
        if (thrown !== undefined) throw thrown
        return lost.has(number) ? undefined : blocks.find((block) => block.number === number)
      },
      oldestBlock: () => 1n,
      blockByHash: (hash) => blocks.find((block) => block.hash === hash),
      receipts: (hash) => {
        const known = receipts.get(hash)
        return known && readReceipts(encodeReceipts(known))
      },
      transactionLocation: (hash) => locate(blocks, hash)
    },
    state: {
      // The state of block 1 is gone, as that of an old block is; that of the head while the gate is shut.
      view: (hash) => (isGone(hash) ? undefined : state.view(hash)),
      oldestReadable: () => 2n
    },
    pool: {
      get: (hash) => pool.get(hash)?.raw,
      pendingNonce: (address) => pool.pendingNonce(address),
      counts: () => pool.counts(),
      content: () => pool.content(),
      contentFrom: (address) => pool.contentFrom(address)
    },
    calls,
    traces: calls,
    decode: (raw) => decodeTransaction(raw, common),
    texts: new BlockTexts(),
    decodeFees,
    nextBaseFee: () => nextBaseFee(chain.head.header),
    node: {
      chainId: 901n,
      clientVersion: 'rekindle/v0.0.0/test',
      status: () => ({ role: 'sequencer' }),
      peerCount: () => 3,
      gateShut: () => gate.shut,
      syncing: () => undefined
    },
    async send(raw) {
      try {
        return pool.add(raw).hash
      } catch (thrown) {
        throw toTransactionError(thrown)
      }
    }
  }
}

function locate(blocks: readonly Block[], hash: Hex) {
  for (const { hash: blockHash, transactions } of blocks) {
    const index = transactions.findIndex((raw) => bytesToHex(keccak256(raw)) === hash)
    if (index >= 0) return { blockHash, index }
  }
  return undefined
}

function wordBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(32)
  bytes[31] = value
  return bytes
}
