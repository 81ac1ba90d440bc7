// What both nodes are asked: every method that both have, at every block, with good parameters and with bad ones.
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { word } from '../../support/execution-code.ts'
import { testAddress } from '../../support/execution-chain.ts'
import { gethCallRequests } from './geth-call-requests.ts'
import { ask, type GethRequest } from './geth-request.ts'
import { KEEPER, LOGGER, REVERTER, TELLER, TOPIC, transactionHashes } from './geth-chain.ts'

const UNKNOWN: Hex = `0x${'ee'.repeat(32)}`
const NOBODY: Hex = `0x${'99'.repeat(20)}`
const BEYOND = '0x63'
const TAGS = ['latest', 'earliest', 'pending', 'safe', 'finalized', BEYOND]

const hex = (value: bigint | number) => `0x${value.toString(16)}`

/** All of them, in an order that stays. */
export function gethRequests(blocks: readonly Block[]): readonly GethRequest[] {
  return [
    ...nodeRequests(),
    ...blocks.flatMap(blockRequests),
    ...TAGS.flatMap((tag) => byNumber(tag)),
    ...byHash(UNKNOWN),
    ...transactionRequests(UNKNOWN),
    ...accountRequests(blocks),
    ...callRequests(),
    ...gethCallRequests(),
    ...logRequests(blocks),
    ...feeRequests(),
    ...badRequests()
  ]
}

function nodeRequests(): readonly GethRequest[] {
  return [
    ...['eth_chainId', 'eth_blockNumber', 'eth_syncing', 'eth_accounts', 'eth_gasPrice'],
    ...['eth_maxPriorityFeePerGas', 'eth_blobBaseFee', 'net_version', 'net_listening'],
    ...['txpool_status', 'txpool_content', 'txpool_inspect']
  ]
    .map((method) => ask(method))
    .concat([
      ask('web3_sha3', '0x'),
      ask('web3_sha3', '0x68656c6c6f'),
      ask('txpool_contentFrom', testAddress(7)),
      ask('txpool_contentFrom', NOBODY)
    ])
}

function blockRequests({ number, hash, transactions }: Block): readonly GethRequest[] {
  const hashes = transactionHashes(transactions)
  const beyond = hex(hashes.length)
  return [
    ...byNumber(hex(number)),
    ...byHash(hash),
    ...hashes.flatMap(transactionRequests),
    ...[...hashes.map((_, index) => hex(index)), beyond].flatMap((index) => [
      ask('eth_getTransactionByBlockNumberAndIndex', hex(number), index),
      ask('eth_getTransactionByBlockHashAndIndex', hash, index),
      ask('eth_getRawTransactionByBlockNumberAndIndex', hex(number), index),
      ask('eth_getRawTransactionByBlockHashAndIndex', hash, index)
    ])
  ]
}

function byNumber(block: string): readonly GethRequest[] {
  return [
    ask('eth_getBlockByNumber', block, false),
    ask('eth_getBlockByNumber', block, true),
    ask('eth_getBlockTransactionCountByNumber', block),
    ask('eth_getBlockReceipts', block),
    ask('eth_getUncleCountByBlockNumber', block),
    ask('eth_getUncleByBlockNumberAndIndex', block, '0x0'),
    ask('eth_getTransactionByBlockNumberAndIndex', block, '0x0'),
    ask('debug_getRawHeader', block),
    ask('debug_getRawBlock', block),
    ask('debug_getRawReceipts', block)
  ]
}

function byHash(hash: Hex): readonly GethRequest[] {
  return [
    ask('eth_getBlockByHash', hash, false),
    ask('eth_getBlockByHash', hash, true),
    ask('eth_getBlockTransactionCountByHash', hash),
    ask('eth_getBlockReceipts', hash),
    ask('eth_getBlockReceipts', { blockHash: hash }),
    ask('eth_getUncleCountByBlockHash', hash),
    ask('eth_getUncleByBlockHashAndIndex', hash, '0x0'),
    ask('debug_getRawHeader', hash),
    ask('debug_getRawBlock', hash),
    ask('debug_getRawReceipts', hash)
  ]
}

function transactionRequests(hash: Hex): readonly GethRequest[] {
  return [
    ask('eth_getTransactionByHash', hash),
    ask('eth_getTransactionReceipt', hash),
    ask('eth_getRawTransactionByHash', hash),
    ask('debug_getRawTransaction', hash)
  ]
}

function accountRequests(blocks: readonly Block[]): readonly GethRequest[] {
  const named = blocks.map(({ hash }) => ({ blockHash: hash }))
  const places = [
    ...TAGS,
    ...named,
    blocks[2]?.hash,
    { blockNumber: '0x3' },
    { blockHash: UNKNOWN }
  ]
  return places.flatMap((block) => [
    ask('eth_getBalance', testAddress(7), block),
    ask('eth_getTransactionCount', testAddress(1), block),
    ask('eth_getCode', testAddress(4), block),
    ask('eth_getStorageAt', KEEPER, '0x1', block)
  ])
}

function callRequests(): readonly GethRequest[] {
  const calls = [
    { to: KEEPER },
    { to: KEEPER, data: word(5) },
    { to: LOGGER, input: word(5), from: testAddress(0) },
    { to: REVERTER, from: testAddress(0) },
    { to: NOBODY, from: testAddress(0), value: '0x1' },
    { data: '0x602a60005260206000f3' }
  ]
  return [
    ...calls.flatMap((call) => [ask('eth_call', call, 'latest'), ask('eth_estimateGas', call)]),
    ...['latest', '0x1', 'earliest', 'safe', 'finalized', BEYOND].map((block) =>
      ask('eth_call', { to: TELLER }, block)
    ),
    ask('eth_call', { to: KEEPER, from: testAddress(0), gas: '0x5207' }, 'latest'),
    ask('eth_call', { to: KEEPER }, '0x3'),
    ask('eth_call', { to: KEEPER }, 'pending')
  ]
}

function logRequests(blocks: readonly Block[]): readonly GethRequest[] {
  const all = { fromBlock: '0x0', toBlock: 'latest' }
  const caller: Hex = `0x${'0'.repeat(24)}${testAddress(1).slice(2)}`
  return [
    {},
    all,
    { fromBlock: 'earliest' },
    { fromBlock: '0x1', toBlock: '0x3' },
    { ...all, address: LOGGER },
    { ...all, address: [KEEPER, LOGGER] },
    { ...all, address: KEEPER },
    { ...all, address: [] },
    { ...all, topics: [TOPIC] },
    { ...all, topics: [null, caller] },
    { ...all, topics: [[TOPIC, UNKNOWN], [caller]] },
    { ...all, topics: [UNKNOWN] },
    { ...all, topics: [null, null, null] },
    { ...all, topics: [] },
    { blockHash: blocks[3]?.hash },
    { blockHash: UNKNOWN },
    { blockHash: blocks[3]?.hash, fromBlock: '0x1' },
    { fromBlock: '0x3', toBlock: '0x1' },
    { fromBlock: '0x0', toBlock: '0xffffff' },
    { fromBlock: BEYOND, toBlock: BEYOND },
    { fromBlock: 'pending' },
    { toBlock: 'safe' },
    { toBlock: 'finalized' },
    { ...all, topics: [null, null, null, null, null] }
  ].map((filter) => ask('eth_getLogs', filter))
}

function feeRequests(): readonly GethRequest[] {
  return [
    ask('eth_feeHistory', '0x1', 'latest', []),
    ask('eth_feeHistory', '0x7', 'latest', [0, 50, 100]),
    ask('eth_feeHistory', '0x400', '0x5', [25]),
    ask('eth_feeHistory', '0x2', 'earliest', []),
    ask('eth_feeHistory', '0x2', 'safe', []),
    ask('eth_feeHistory', '0x2', BEYOND, []),
    ask('eth_feeHistory', '0x2', 'latest', [101]),
    ask('eth_feeHistory', '0x2', 'latest', [50, 40])
  ]
}

function badRequests(): readonly GethRequest[] {
  return [
    ask('eth_nothing'),
    ask('eth_getBalance'),
    ask('eth_getBalance', '0x12', 'latest'),
    ask('eth_getBalance', testAddress(1), 'newest'),
    ask('eth_getBalance', testAddress(1), 'latest', 'more'),
    ask('eth_getBlockByNumber', '0x1', 'yes'),
    ask('eth_getBlockByHash', '0x1', false),
    ask('eth_getTransactionByHash', '0x1234'),
    ask('eth_call', 'latest'),
    ask('eth_sendRawTransaction', '0x'),
    ask('eth_sendRawTransaction', '0x02c0'),
    ask('eth_getStorageAt', KEEPER, bytesToHex(new Uint8Array(33)), 'latest'),
    ask('web3_sha3', 'text')
  ]
}
