// A chain that geth imports: a genesis without what the OP Stack adds, and blocks with every type of transaction.
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { parseGenesis } from '../../../src/chain/genesis/genesis.ts'
import { code, codeHex, word } from '../../support/execution-code.ts'
import { EXECUTION_CHAIN_ID, testAddress } from '../../support/execution-chain.ts'
import { ethereumGenesisText } from '../../support/geth-genesis.ts'
import { authorization, signedTx, type TxFields } from '../../support/execution-transactions.ts'
import { openRpcChain, type RpcChainFixture } from '../../unit/rpc/rpc-chain.ts'

/** Logs its caller, a topic and its first word of data. */
export const LOGGER: Hex = '0x00000000000000000000000000000000000000c1'
/** Reverts with Error("no"). */
export const REVERTER: Hex = '0x00000000000000000000000000000000000000c2'
/** Answers slot 1, which holds 7 at genesis, and stores its first word of data there. */
export const KEEPER: Hex = '0x00000000000000000000000000000000000000c3'
/** Answers number, timestamp, base fee, gas limit and chain id of its block. */
export const TELLER: Hex = '0x00000000000000000000000000000000000000c4'
/** The first topic of LOGGER's logs. */
export const TOPIC: Hex = word(0x1234)

/** Error(string) with "no". */
const REASON: Hex = `0x08c379a0${word(32).slice(2)}${word(2).slice(2)}${'6e6f'.padEnd(64, '0')}`
const FUNDED_COUNT = 8
const STOPPED = { balance: '0x0', nonce: '0x1', code: codeHex('STOP') }

/** Forks that geth wants named; ours are timestamps of the sample. */
const EARLY_FORKS = [
  ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople'],
  ...['petersburg', 'istanbul', 'berlin', 'london']
]
/**
 * Since Prague geth calls the queues of withdrawals and consolidations (EIP-7002, EIP-7251) after each block, and refuses one
 * whose state has no code there. The OP Stack has no such queues; a contract that stops at once is an empty one.
 */
const EMPTY_QUEUES: readonly Hex[] = [
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251'
]
const BLOB_SCHEDULE = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 }
}

/** The genesis file for both. */
export function gethGenesisText(): string {
  const text = ethereumGenesisText({
    chainId: Number(EXECUTION_CHAIN_ID),
    signer: testAddress(0),
    fundedAccounts: Array.from({ length: FUNDED_COUNT }, (_, index) => testAddress(index)),
    timestamp: 1_700_000_000,
    blockTimeMs: 1000
  })
  const file = JSON.parse(text) as { config: object; alloc: Readonly<Record<string, object>> }
  const config = {
    ...file.config,
    ...Object.fromEntries(EARLY_FORKS.map((fork) => [`${fork}Block`, 0])),
    blobSchedule: BLOB_SCHEDULE
  }
  const alloc = {
    ...file.alloc,
    ...Object.fromEntries(EMPTY_QUEUES.map((address) => [address, STOPPED])),
    [LOGGER]: {
      balance: '0x0',
      code: codeHex(0, 'CALLDATALOAD', 0, 'MSTORE', 'CALLER', TOPIC, 32, 0, 'LOG2')
    },
    [REVERTER]: { balance: '0x0', code: revertingCode() },
    [KEEPER]: { balance: '0x0', code: keeperCode(), storage: { [word(1)]: word(7) } },
    [TELLER]: { balance: '0x0', code: tellerCode() }
  }
  return JSON.stringify({ ...file, config, alloc }, undefined, 2)
}

function revertingCode(): Hex {
  const bytes = hexToBytes(REASON)
  const words = Array.from({ length: Math.ceil(bytes.length / 32) }, (_, at) => {
    const part = bytesToHex(bytes.subarray(32 * at, 32 * at + 32)).slice(2)
    const full: Hex = `0x${part.padEnd(64, '0')}`
    return codeHex(full, 32 * at, 'MSTORE').slice(2)
  })
  return `0x${words.join('')}${codeHex(bytes.length, 0, 'REVERT').slice(2)}`
}

function keeperCode(): Hex {
  const load = codeHex(1, 'SLOAD', 0, 'MSTORE')
  const store = codeHex(0, 'CALLDATALOAD', 1, 'SSTORE', 32, 0, 'RETURN')
  return `${load}${store.slice(2)}`
}

function tellerCode(): Hex {
  const fields = ['NUMBER', 'TIMESTAMP', 'GASLIMIT', 'CHAINID', 'COINBASE'] as const
  const stores = fields.map((field, at) => codeHex(field, 32 * at, 'MSTORE').slice(2))
  return `0x${stores.join('')}${codeHex(32 * fields.length, 0, 'RETURN').slice(2)}`
}

/** Transactions of each block; nonces are counted for them. */
const BLOCKS: readonly (readonly Omit<TxFields, 'nonce'>[])[] = [
  [
    { type: 0, from: 0, to: testAddress(7), value: 5n, gasLimit: 21_000n },
    { type: 2, from: 1, to: LOGGER, data: wordBytes(0xaa), tip: 3_000_000_000n },
    { type: 2, from: 0, data: code(0, 0, 'RETURN'), gasLimit: 100_000n }
  ],
  [],
  [
    {
      type: 1,
      from: 1,
      to: LOGGER,
      data: wordBytes(0xbb),
      accessList: [{ address: LOGGER, storageKeys: [word(1)] }]
    },
    { type: 2, from: 2, to: LOGGER, data: wordBytes(0xcc), tip: 2_000_000_000n },
    {
      type: 4,
      from: 3,
      to: KEEPER,
      authorizationList: [authorization({ from: 4, target: LOGGER })],
      gasLimit: 200_000n
    }
  ],
  [
    { type: 2, from: 2, to: REVERTER, gasLimit: 100_000n },
    { type: 2, from: 2, to: KEEPER, data: wordBytes(0x99), accessList: [] },
    { type: 0, from: 5, to: testAddress(4), data: wordBytes(0xdd) },
    { type: 2, from: 5, to: KEEPER, gasLimit: 22_500n }
  ],
  [
    { type: 2, from: 6, to: LOGGER, data: wordBytes(1) },
    { type: 2, from: 6, to: LOGGER, data: wordBytes(2) },
    { type: 2, from: 6, to: testAddress(6), value: 10n ** 18n, gasLimit: 21_000n }
  ],
  []
]

/** Sent to both once the chain is there: one that can run, and one that waits for a nonce. */
export const POOLED: readonly Uint8Array[] = [
  signedTx({ from: 7, nonce: 0n, to: LOGGER, data: wordBytes(3), gasLimit: 50_000n }),
  signedTx({ type: 0, from: 7, nonce: 2n, to: testAddress(1), value: 1n, gasLimit: 21_000n })
]

/** The transactions of each block after genesis, signed. */
function blockTransactions(): readonly (readonly Uint8Array[])[] {
  const nonces = new Map<number, bigint>()
  return BLOCKS.map((transactions) =>
    transactions.map((fields) => {
      const { from = 0 } = fields
      const nonce = nonces.get(from) ?? 0n
      nonces.set(from, nonce + 1n)
      return signedTx({ ...fields, nonce })
    })
  )
}

/** The chain with every JSON-RPC method over it; the same each time. */
export async function openGethChain(): Promise<RpcChainFixture> {
  return openRpcChain({
    genesis: parseGenesis(gethGenesisText()),
    transactions: blockTransactions(),
    areStatesKept: true
  })
}

/** Hashes of a block's transactions. */
export function transactionHashes(transactions: readonly Uint8Array[]): readonly Hex[] {
  return transactions.map((raw) => bytesToHex(keccak256(raw)))
}

function wordBytes(value: number): Uint8Array {
  return hexToBytes(word(value))
}
