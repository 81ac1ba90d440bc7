// Whether a proof of eth_getProof shows what it claims, by @ethereumjs/mpt alone.
import assert from 'node:assert/strict'
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'

/** Asserts that the nodes lead from the root to the RLP of these items, under the hash of the key. */
export async function assertProves(
  root: Hex,
  { key, nodes, value }: { key: Hex; nodes: readonly Hex[]; value: Hex | readonly Hex[] }
): Promise<void> {
  const found = await verifyMerkleProof(
    keccak256(hexToBytes(key)),
    nodes.map((node) => hexToBytes(node)),
    { root: hexToBytes(root), useKeyHashingFunction: keccak256 }
  )
  const items = typeof value === 'string' ? minimal(value) : value.map(minimal)
  assert.equal(found && bytesToHex(found), bytesToHex(RLP.encode(items)))
}

/** A quantity as RLP has it; hashes stay whole. */
function minimal(value: Hex): Uint8Array {
  if (value === '0x0') return new Uint8Array(0)
  return hexToBytes(value.length % 2 === 0 ? value : `0x0${value.slice(2)}`)
}
