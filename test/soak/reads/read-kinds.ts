// The five kinds of reads and their shares: what is asked, and whether the answer is right.
import { concatBytes, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { assertProves } from '../../support/proof-check.ts'
import { balanceOf, type BlockKnown, type ReadFacts } from './read-facts.ts'

/** A whole number from 0 to below `sides`. */
export type Dice = (sides: number) => number

/** A request, and what judges its result: why it is wrong, or undefined. */
export interface Read {
  readonly method: string
  readonly params: readonly unknown[]
  readonly judge: (result: unknown) => string | undefined | Promise<string | undefined>
}

/** One kind of reads. */
export interface ReadKind {
  readonly name: string
  /** Of all reads, in percent. */
  readonly share: number
  readonly next: (facts: ReadFacts, dice: Dice) => Read
}

/** Blocks that one question for logs goes over. */
export const LOGS_BLOCKS = 10
/** One proof in so many is verified node by node: it costs the reader more than the node. */
const PROOFS_VERIFIED_ONE_IN = 50
/** OpenZeppelin's ERC20 keeps balances in the mapping at slot 0. */
const BALANCES_SLOT = new Uint8Array(32)

/** The mix, in the order of the shares. */
export const READ_KINDS: readonly ReadKind[] = [
  { name: 'eth_call', share: 40, next: nextCall },
  { name: 'eth_getLogs', share: 20, next: nextLogs },
  { name: 'eth_getTransactionReceipt', share: 20, next: nextReceipt },
  { name: 'eth_getBlockByNumber', share: 10, next: nextBlock },
  { name: 'eth_getProof', share: 10, next: nextProof }
]

/** The kind that a throw of a hundred sides falls on. */
export function kindOf(thrown: number): ReadKind {
  let below = 0
  for (const kind of READ_KINDS) {
    below += kind.share
    if (thrown < below) return kind
  }
  throw new RangeError(`${String(thrown)} is no throw of a hundred sides`)
}

/** At the newest block, or at the last one known, where it has to be what it was. */
function nextCall({ token, holders, blocks }: ReadFacts, dice: Dice): Read {
  const holder = pick(holders, dice)
  const isKnown = dice(2) === 0
  const tag = isKnown ? toTag(blocks.at(-1)?.number ?? 0) : 'latest'
  return {
    method: 'eth_call',
    params: [{ to: token, data: balanceOf(holder.address) }, tag],
    judge(result) {
      if (typeof result !== 'string' || !/^0x[0-9a-f]{64}$/.test(result))
        return 'no word of 32 bytes'
      if (isKnown && result !== holder.balance) return `${result} where ${holder.balance} was`
      return BigInt(result) > 0n ? undefined : 'nothing is held'
    }
  }
}

function nextLogs({ token, blocks }: ReadFacts, dice: Dice): Read {
  const start = dice(blocks.length - LOGS_BLOCKS + 1)
  const range = blocks.slice(start, start + LOGS_BLOCKS)
  const expected = range.reduce((sum, { logsCount }) => sum + logsCount, 0)
  const filter = {
    address: token,
    fromBlock: toTag(range[0]?.number ?? 0),
    toBlock: toTag(range.at(-1)?.number ?? 0)
  }
  return {
    method: 'eth_getLogs',
    params: [filter],
    judge(result) {
      const count = Array.isArray(result) ? result.length : -1
      return count === expected ? undefined : `${String(count)} logs of ${String(expected)}`
    }
  }
}

function nextReceipt({ blocks }: ReadFacts, dice: Dice): Read {
  const block = pick(withTransactions(blocks), dice)
  const hash = pick(block.transactions, dice)
  return {
    method: 'eth_getTransactionReceipt',
    params: [hash],
    judge(result) {
      const { transactionHash, blockHash, status } = fieldsOf(result)
      const isRight = transactionHash === hash && blockHash === block.hash && status === '0x1'
      return isRight ? undefined : `another receipt than that of ${hash}`
    }
  }
}

function nextBlock({ blocks }: ReadFacts, dice: Dice): Read {
  const block = pick(blocks, dice)
  return {
    method: 'eth_getBlockByNumber',
    params: [toTag(block.number), true],
    judge(result) {
      const { hash, transactions } = fieldsOf(result)
      const count = Array.isArray(transactions) ? transactions.length : -1
      const isRight = hash === block.hash && count === block.transactions.length
      return isRight ? undefined : `another block than ${String(block.number)}`
    }
  }
}

function nextProof({ token, holders, blocks }: ReadFacts, dice: Dice): Read {
  const holder = pick(holders, dice)
  const block = blocks.at(-1)
  const slot = bytesToHex(
    keccak256(concatBytes(new Uint8Array(12), hexToBytes(holder.address), BALANCES_SLOT))
  )
  const isVerified = dice(PROOFS_VERIFIED_ONE_IN) === 0
  return {
    method: 'eth_getProof',
    params: [token, [slot], toTag(block?.number ?? 0)],
    async judge(result) {
      const proof = result as AnsweredProof
      const stored = proof.storageProof?.[0]
      if (stored === undefined || BigInt(stored.value) !== BigInt(holder.balance)) {
        return `another value than ${holder.balance}`
      }
      if (!isVerified) return undefined
      try {
        const { nonce, balance, storageHash, codeHash } = proof
        const account = [nonce, balance, storageHash, codeHash]
        const root = block?.stateRoot ?? '0x'
        await assertProves(root, { key: token, nodes: proof.accountProof, value: account })
        const { value } = stored
        await assertProves(storageHash, { key: slot, nodes: stored.proof, value })
        return undefined
      } catch (thrown) {
        return `a proof that does not lead to its root: ${String(thrown)}`
      }
    }
  }
}

interface AnsweredProof {
  readonly nonce: Hex
  readonly balance: Hex
  readonly storageHash: Hex
  readonly codeHash: Hex
  readonly accountProof: readonly Hex[]
  readonly storageProof?: readonly { readonly value: Hex; readonly proof: readonly Hex[] }[]
}

function withTransactions(blocks: readonly BlockKnown[]): readonly BlockKnown[] {
  return blocks.filter(({ transactions }) => transactions.length > 0)
}

function fieldsOf(result: unknown): Readonly<Record<string, unknown>> {
  return typeof result === 'object' && result !== null ? { ...result } : {}
}

function pick<T>(from: readonly T[], dice: Dice): T {
  const found = from[dice(from.length)]
  if (found === undefined) throw new RangeError('there is nothing to pick from')
  return found
}

function toTag(number: number): Hex {
  return `0x${number.toString(16)}`
}
