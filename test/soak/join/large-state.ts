// Transactions that make a large state out of few blocks: contracts that fill accounts and slots in a loop.
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, concatBytes, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { privateKeyToAddress } from '../../../src/base/secp256k1.ts'
import { signTransfer } from '../../../devnet/load/sign-transfer.ts'

/** How much of what there is to be. */
export interface LargeState {
  readonly accountsCount: number
  /** One contract for each, with so many slots. */
  readonly slotsCounts: readonly number[]
}

/** Init code: what stands behind its nine bytes becomes the code of the contract. */
function initOf(code: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x60, code.length, 0x80, 0x60, 9, 0x5f, 0x39, 0x5f, 0xf3), code)
}

/** For each i from the first word of the input up to below the second: what the body does, which leaves i on the stack. */
function loopOf(body: Uint8Array): Uint8Array {
  const head = hexToBytes('0x5f355b602035811015')
  const exit = head.length + 3 + body.length + 6
  return concatBytes(
    head,
    Uint8Array.of(0x60, exit, 0x57),
    body,
    hexToBytes('0x600101600256'),
    hexToBytes('0x5b00')
  )
}

/** Pays i + 1 wei to the address that is the end of keccak256(i). */
const PAYING = loopOf(hexToBytes('0x5f5f5f5f84600101855f5260205f205ff150'))
/** Writes i + 1 into slot i. */
const WRITING = loopOf(hexToBytes('0x80600101' + '8155'))

/** Of one call: blocks of a few of them. */
const ACCOUNTS_PER_CALL = 5_000
const SLOTS_PER_CALL = 10_000
const ACCOUNT_GAS = 40_000n
const SLOT_GAS = 25_000n
const CALL_GAS = 200_000n
const NOWHERE = new Uint8Array(0)
/** What blocks have to take whose transactions these are. */
export const LARGE_STATE_GAS_LIMIT = 1_000_000_000

/** The transactions of one block after the other, of an account that has sent nothing yet. */
export function largeStateBlocks(
  key: Uint8Array,
  chainId: bigint,
  { accountsCount, slotsCounts }: LargeState
): readonly (readonly Uint8Array[])[] {
  let nonce = 0n
  const sign = (to: Uint8Array, data: Uint8Array, gas: bigint, value = 0n) => {
    const signed = signTransfer({ chainId, nonce, to, data, gas, value }, key)
    nonce += 1n
    return signed
  }
  const create = (code: Uint8Array) => {
    const address = creationAddress(key, nonce)
    return { address, signed: sign(NOWHERE, initOf(code), CALL_GAS) }
  }
  const payer = create(PAYING)
  const writers = slotsCounts.map(() => create(WRITING))
  const calls: Uint8Array[] = []
  for (const [first, end] of stretches(accountsCount, ACCOUNTS_PER_CALL)) {
    const wei = (BigInt(end - first) * BigInt(first + 1 + end)) / 2n
    const gas = CALL_GAS + ACCOUNT_GAS * BigInt(end - first)
    calls.push(sign(payer.address, words(first, end), gas, wei))
  }
  for (const [at, count] of slotsCounts.entries()) {
    for (const [first, end] of stretches(count, SLOTS_PER_CALL)) {
      const gas = CALL_GAS + SLOT_GAS * BigInt(end - first)
      calls.push(sign(writers[at]!.address, words(first, end), gas))
    }
  }
  const created = [payer, ...writers].map(({ signed }) => signed)
  return [
    created,
    ...[...stretches(calls.length, 2)].map(([first, end]) => calls.slice(first, end))
  ]
}

function* stretches(count: number, each: number): Generator<readonly [number, number]> {
  for (let first = 0; first < count; first += each) yield [first, Math.min(count, first + each)]
}

function words(...numbers: readonly number[]): Uint8Array {
  return concatBytes(...numbers.map((number) => bigintToBytes(BigInt(number), 32)))
}

function creationAddress(key: Uint8Array, nonce: bigint): Uint8Array {
  const sender = hexToBytes(privateKeyToAddress(key))
  return keccak256(RLP.encode([sender, bigintToBytes(nonce)])).slice(12)
}
