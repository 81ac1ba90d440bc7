// Decoders of text: what an operator writes into files and flags, and what a client sends to JSON-RPC.
import { silentLog } from '../../../src/base/log.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { readAddress, readBytes } from '../../../src/chain/genesis/genesis-fields.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../../src/chain/genesis/sample-genesis.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { isConfigKeyName } from '../../../src/config/config-keys.ts'
import { checkValues } from '../../../src/config/config-values.ts'
import { answerBody, parseBody, type RpcMethod } from '../../../src/rpc/json-rpc.ts'
import { blockOverrideParam, callParam, stateOverrideParam } from '../../../src/rpc/call-params.ts'
import { blockParam, bytesParam, logFilterParam, parseParams } from '../../../src/rpc/params.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { answerBuffer, rpcContext } from '../../support/rpc-answer.ts'
import { type Decoder, isNothing, isOf, textOf, textSeeds } from './decoder.ts'

const PEER = '/ip4/127.0.0.1/tcp/9222/p2p/16Uiu2HAm4wcGSThqRviA7PBzJFiTN36B9cp3vWmwcn4rbAaqfXxu'
const HASH = `0x${'5a'.repeat(32)}`
const ADDRESS = `0x${'11'.repeat(20)}`

const GENESIS = sampleGenesisText({
  chainId: 901,
  signer: `0x${'11'.repeat(20)}`,
  fundedAccounts: [`0x${'22'.repeat(20)}`],
  timestamp: 1_700_000_000,
  blockTimeMs: 1000
})

/** What every method does first, for the three shapes that hold others. */
const METHODS = new Map<string, RpcMethod>([
  [
    'call',
    (params) => {
      parseParams(params, [callParam, blockParam, stateOverrideParam, blockOverrideParam])
    }
  ],
  ['logs', (params) => void parseParams(params, [logFilterParam])],
  ['bytes', (params) => void parseParams(params, [bytesParam])]
])

/** JSON that does not parse is refused before: Fastify does it. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes)) as unknown
  } catch {
    return undefined
  }
}

const CALL = { from: ADDRESS, to: ADDRESS, gas: '0x5208', value: '0x1', data: '0x00' }
const LISTS = {
  accessList: [{ address: ADDRESS, storageKeys: [HASH] }],
  authorizationList: [
    { chainId: '0x1', address: ADDRESS, nonce: '0x0', yParity: '0x1', r: '0x1', s: '0x1' }
  ],
  blobVersionedHashes: [HASH],
  maxFeePerGas: null
}
const OVERRIDES = {
  [ADDRESS]: { nonce: '0x1', code: '0x00', balance: '0x1', stateDiff: { [HASH]: HASH } },
  [`0x${'22'.repeat(20)}`]: { state: { [HASH]: HASH }, movePrecompileToAddress: ADDRESS }
}
const FILTER = {
  fromBlock: '0x1',
  toBlock: 'latest',
  address: [ADDRESS],
  topics: [HASH, null, [HASH]]
}

function requestSeeds(): readonly Uint8Array[] {
  const requests = [
    ['call', [CALL, 'latest']],
    ['call', [CALL, { blockHash: HASH }]],
    ['call', [LISTS, 'latest', OVERRIDES, { number: '0x5', feeRecipient: ADDRESS }]],
    ['logs', [FILTER]],
    ['bytes', ['0x0102']]
  ].map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
  return textSeeds(...requests.map((one) => JSON.stringify(one)), JSON.stringify(requests))
}

/** Decoders of text. */
export const TEXT_DECODERS: readonly Decoder[] = [
  {
    name: 'genesis file',
    covers: [
      'src/chain/genesis/genesis.ts parseGenesis',
      'src/chain/genesis/genesis-json.ts parseGenesisJson',
      'src/chain/genesis/genesis-fields.ts readAddress',
      'src/chain/genesis/genesis-fields.ts readBytes'
    ],
    seeds: textSeeds(GENESIS),
    decode: (bytes) => parseGenesis(textOf(bytes)),
    isDeclared: isOf(ChainError)
  },
  {
    name: 'fields of a genesis',
    covers: [
      'src/chain/genesis/genesis-fields.ts readAddress',
      'src/chain/genesis/genesis-fields.ts readBytes'
    ],
    seeds: textSeeds(ADDRESS, HASH),
    decode: (bytes) => [readAddress(textOf(bytes)), readBytes(textOf(bytes))],
    isDeclared: isNothing
  },
  {
    name: 'address of a peer',
    covers: ['src/net/peer-address.ts parsePeer'],
    seeds: textSeeds(PEER, PEER.replace('/ip4/127.0.0.1', '/dns4/a.example')),
    decode: (bytes) => parsePeer(textOf(bytes)),
    isDeclared: isOf(Error),
    inputMaxBytes: 65_536
  },
  {
    name: 'address to listen on',
    covers: ['src/net/peer-address.ts parseListen'],
    seeds: textSeeds('/ip4/0.0.0.0/tcp/9222', '/ip6/::1/tcp/0'),
    decode: (bytes) => parseListen(textOf(bytes)),
    isDeclared: isOf(Error),
    inputMaxBytes: 65_536
  },
  {
    name: 'address to advertise',
    covers: ['src/net/peer-address.ts parseAdvertised'],
    seeds: textSeeds('/ip4/203.0.113.7/tcp/9222', '/dns4/backup.example/tcp/9222'),
    decode: (bytes) => parseAdvertised(textOf(bytes)),
    isDeclared: isOf(Error),
    inputMaxBytes: 65_536
  },
  {
    name: 'config values',
    covers: ['src/config/config-values.ts checkValues'],
    seeds: textSeeds(
      JSON.stringify({
        role: 'backup',
        dataDir: 'a',
        listen: '/ip4/0.0.0.0/tcp/1',
        peers: [PEER],
        quorum: 2
      }),
      JSON.stringify({
        role: 'sequencer',
        backups: [PEER],
        rpc: '127.0.0.1:1',
        logLevel: 'info',
        gasLimit: 30_000_000
      })
    ),
    decode: (bytes) => {
      const json = jsonOf(bytes)
      if (typeof json !== 'object' || json === null) return
      const members: readonly (readonly [string, unknown])[] = Object.entries(json)
      const given = members.flatMap(([name, value]) =>
        isConfigKeyName(name) ? [[name, { value, from: '--x', baseDir: '.' }] as const] : []
      )
      checkValues(new Map(given))
    },
    isDeclared: isNothing
  },
  {
    name: 'parameters of JSON-RPC',
    covers: ['src/rpc/params.ts parseParams'],
    seeds: textSeeds(JSON.stringify([CALL, 'latest']), JSON.stringify(FILTER)),
    decode: (bytes) => {
      const json = jsonOf(bytes)
      if (Array.isArray(json)) parseParams(json as readonly unknown[], [callParam, blockParam])
      else parseParams([json], [logFilterParam])
    },
    isDeclared: isOf(RpcError)
  },
  {
    name: 'body of JSON-RPC',
    covers: ['src/rpc/json-rpc.ts parseBody', 'src/rpc/json-rpc.ts answerBody'],
    seeds: requestSeeds(),
    decode: async (bytes) => {
      const context = rpcContext()
      const parsed = await parseBody(Buffer.from(bytes), context.turns)
      await answerBody({ methods: METHODS, log: silentLog, context }, parsed, answerBuffer())
    },
    isDeclared: isNothing
  }
]
