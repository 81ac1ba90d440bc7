// The state at genesis: the accounts of the genesis file as state changes on nothing.
import { hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type GenesisAccount } from '../chain/genesis/genesis.ts'
import { type AccountChange, type SlotChange, type StateChanges } from '../state/state-view.ts'

/** Changes that make the alloc on an empty state. Zero slots are left out. */
export function genesisChanges(alloc: readonly GenesisAccount[]): StateChanges {
  const codes = new Map<string, Uint8Array>()
  const accounts = alloc.map(({ address, balance, nonce, code, storage }): AccountChange => {
    const codeHash = code.length > 0 ? keccak256(code) : undefined
    if (codeHash !== undefined) codes.set(Buffer.from(codeHash).toString('hex'), code)
    const slots = [...storage].map(([slot, value]): SlotChange => {
      return { slotHash: keccak256(hexToBytes(slot, 32)), value: trimZeros(value) }
    })
    slots.sort((a, b) => Buffer.compare(a.slotHash, b.slotHash))
    return {
      addressHash: keccak256(hexToBytes(address, 20)),
      account: { nonce, balance, codeHash },
      storageCleared: false,
      slots: slots.filter(({ value }) => value.length > 0)
    }
  })
  accounts.sort((a, b) => Buffer.compare(a.addressHash, b.addressHash))
  return { accounts, codes: [...codes.values()] }
}

function trimZeros(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0)
  return start === -1 ? new Uint8Array(0) : value.subarray(start)
}
