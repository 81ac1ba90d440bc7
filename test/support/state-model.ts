// A plain model of accounts and slots, and the oracle's roots of it, to hold the state store against.
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Random } from '../../src/base/random.ts'
import { type AccountChange, type StateChanges } from '../../src/state/state-view.ts'

/** One account of the model. */
export interface ModelAccount {
  nonce: bigint
  balance: bigint
  codeHash: Uint8Array | undefined
  /** Slot hash to value without leading zeros. */
  slots: Map<Hex, Uint8Array>
}

/** By address hash. */
export type ModelState = Map<Hex, ModelAccount>

/** The hash of the n-th test address or slot. */
export function testHash(index: number): Uint8Array {
  return keccak256(bigintToBytes(BigInt(index), 32))
}

/** The state root by @ethereumjs/mpt. */
export async function oracleRoot(model: ModelState): Promise<Hex> {
  const trie = await createMPT()
  for (const [address, { nonce, balance, codeHash, slots }] of model) {
    const storage = await createMPT()
    for (const [slot, value] of slots) await storage.put(hexToBytes(slot), RLP.encode(value))
    const fields = [
      bigintToBytes(nonce),
      bigintToBytes(balance),
      storage.root(),
      codeHash ?? keccak256(new Uint8Array())
    ]
    await trie.put(hexToBytes(address), RLP.encode(fields))
  }
  return bytesToHex(trie.root())
}

/** Draws what a block changes, and applies it to the model. */
export function drawChanges(random: Random, model: ModelState, accountsMax: number): StateChanges {
  const accounts = new Map<Hex, AccountChange>()
  const codes: Uint8Array[] = []
  const count = 1 + random.below(8)
  for (let drawn = 0; drawn < count; drawn++) {
    const addressHash = testHash(random.below(accountsMax))
    const address = bytesToHex(addressHash)
    if (accounts.has(address)) continue
    const known = model.get(address)
    if (known !== undefined && random.below(6) === 0) {
      model.delete(address)
      const deleted = { addressHash, account: undefined, storageCleared: true, slots: [] }
      accounts.set(address, deleted)
      continue
    }
    const code = random.below(5) === 0 ? bigintToBytes(BigInt(1 + random.below(3)), 40) : undefined
    if (code !== undefined) codes.push(code)
    const storageCleared = known !== undefined && random.below(8) === 0
    const account: ModelAccount = {
      nonce: BigInt(random.below(1000)),
      balance: BigInt(random.below(2 ** 31)) * 10n ** 12n,
      codeHash: code === undefined ? known?.codeHash : keccak256(code),
      slots: new Map(storageCleared ? [] : known?.slots)
    }
    const slots = new Map<Hex, Uint8Array>()
    for (let slot = random.below(5); slot > 0; slot--) {
      const slotHash = bytesToHex(testHash(1000 + random.below(12)))
      const value = bigintToBytes(BigInt(random.below(3)) * BigInt(random.below(2 ** 31)))
      slots.set(slotHash, value)
      if (value.length === 0) account.slots.delete(slotHash)
      else account.slots.set(slotHash, value)
    }
    model.set(address, account)
    accounts.set(address, {
      addressHash,
      account: { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash },
      storageCleared,
      slots: [...slots]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([slotHash, value]) => ({ slotHash: hexToBytes(slotHash), value }))
    })
  }
  const sorted = [...accounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change)
  return { accounts: sorted, codes }
}

/** A copy that later changes leave alone. */
export function copyModel(model: ModelState): ModelState {
  return new Map(
    [...model].map(([address, account]) => [address, { ...account, slots: new Map(account.slots) }])
  )
}
