// A genesis with many accounts, and the blocks of transfers between them: of ether, or of an OpenZeppelin ERC-20.
import assert from 'node:assert/strict'
import { encodeDeployData, encodeFunctionData } from 'viem'
import { readToken, type CompiledContract } from '../../devnet/load/token-contract.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Genesis } from '../../src/chain/genesis/genesis.ts'
import {
  type AllocEntry,
  ExecutionChain,
  executionGenesis,
  testAddress
} from '../support/execution-chain.ts'
import { signedTx } from '../support/execution-transactions.ts'

/** What the transactions do. */
export type TransferKind = 'erc20' | 'transfers'

const TOKEN: Hex = '0x7070707070707070707070707070707070707070'
const TRANSFER_GAS = 21_000n
const TOKEN_TRANSFER_GAS = 80_000n
/** What each account has, in wei and in units of the token. */
const FUNDS: Hex = '0x3635c9adc5dea00000'

/** How large the state and the blocks are. */
export interface TransferShape {
  /** Accounts in the state beside the senders. */
  readonly accountsCount: number
  /** Transactions of each block, one of each sender. */
  readonly blockTransactions: number
}

/** A chain's beginning, and the transactions of its blocks. */
export class TransferGenesis {
  readonly genesis: Genesis
  readonly #kind: TransferKind
  readonly #shape: TransferShape
  readonly #token: CompiledContract | undefined
  #blocksCount = 0

  constructor(
    genesis: Genesis,
    kind: TransferKind,
    { shape, token }: { shape: TransferShape; token: CompiledContract | undefined }
  ) {
    this.genesis = genesis
    this.#kind = kind
    this.#shape = shape
    this.#token = token
  }

  /** `accountsCount` accounts that hold ether, and with a token, of which each has a balance. */
  static async create(kind: TransferKind, shape: TransferShape): Promise<TransferGenesis> {
    const { accountsCount, blockTransactions } = shape
    const senders = Array.from({ length: blockTransactions }, (_, index) => testAddress(index))
    const holders = Array.from({ length: accountsCount }, (_, index) => holderAddress(index))
    const alloc: Record<Hex, AllocEntry> = {}
    for (const address of [...senders, ...holders]) alloc[address] = { balance: FUNDS }
    const token = kind === 'erc20' ? readToken() : undefined
    if (token !== undefined) {
      const balance: Hex = `0x${FUNDS.slice(2).padStart(64, '0')}`
      const storage = Object.fromEntries(
        [...senders, ...holders].map((address) => [balanceSlot(address), balance])
      )
      alloc[TOKEN] = { nonce: '0x1', code: await deployedCode(token), storage }
    }
    return new TransferGenesis(executionGenesis(alloc), kind, { shape, token })
  }

  /** Signed transactions of the next block. Half of their recipients are new to the chain. */
  nextTransactions(): Uint8Array[] {
    const number = this.#blocksCount
    this.#blocksCount += 1
    const { accountsCount, blockTransactions } = this.#shape
    return Array.from({ length: blockTransactions }, (_, from) => {
      const index = number * blockTransactions + from
      const recipient =
        index % 2 === 0
          ? holderAddress((index * 7_919) % accountsCount)
          : bytesToHex(keccak256(Buffer.from(`new ${String(index)}`)).slice(12))
      return signedTx({ from, nonce: BigInt(number), ...this.#call(recipient) })
    })
  }

  #call(recipient: Hex) {
    if (this.#kind === 'transfers') return { to: recipient, value: 1n, gasLimit: TRANSFER_GAS }
    assert.ok(this.#token)
    const { abi } = this.#token
    const data = encodeFunctionData({ abi, functionName: 'transfer', args: [recipient, 1n] })
    return { to: TOKEN, data: hexToBytes(data), gasLimit: TOKEN_TRANSFER_GAS }
  }
}

function holderAddress(index: number): Hex {
  return bytesToHex(keccak256(Buffer.from(`holder ${String(index)}`)).slice(12))
}

/** Where OpenZeppelin's ERC-20 keeps a balance: its mapping is the contract's first slot. */
function balanceSlot(address: Hex): Hex {
  return bytesToHex(
    keccak256(concatBytes(new Uint8Array(12), hexToBytes(address), new Uint8Array(32)))
  )
}

/** What the contract's constructor leaves as its code. */
async function deployedCode({ abi, bytecode }: CompiledContract): Promise<Hex> {
  const chain = await ExecutionChain.open()
  const data = hexToBytes(encodeDeployData({ abi, bytecode, args: [0n] }))
  const { changes } = await chain.extend([signedTx({ data, gasLimit: 5_000_000n })])
  const [code] = changes.codes
  assert.ok(code, 'the token is deployed')
  return bytesToHex(code)
}
