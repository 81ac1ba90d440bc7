// eth_ methods that read accounts.
import { bytesToHex, type Hex, hexQuantity, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { requireState } from './block-resolution.ts'
import { type RpcMethod } from './json-rpc.ts'
import { addressParam, optionalBlockParam, parseParams, storageKeyParam } from './params.ts'
import { type RpcChain, type RpcNode, type RpcPool, type RpcState } from './ports.ts'

/** What the methods read from. */
export interface StateMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  readonly state: RpcState
  readonly pool: RpcPool
}

/** The methods by name. */
export function stateMethods(deps: StateMethodDeps): Record<string, RpcMethod> {
  const { pool } = deps
  return {
    eth_getBalance(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlockParam])
      const { view } = requireState(deps, block)
      return hexQuantity(view.account(hashAddress(address))?.balance ?? 0n)
    },
    eth_getTransactionCount(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlockParam])
      if (block.kind === 'tag' && block.tag === 'pending') {
        return hexQuantity(pool.pendingNonce(address))
      }
      const { view } = requireState(deps, block)
      return hexQuantity(view.account(hashAddress(address))?.nonce ?? 0n)
    },
    eth_getCode(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlockParam])
      const { view } = requireState(deps, block)
      const codeHash = view.account(hashAddress(address))?.codeHash
      const code = codeHash && view.code(codeHash)
      return code === undefined ? '0x' : bytesToHex(code)
    },
    eth_getStorageAt(params) {
      const [address, slot, block] = parseParams(params, [
        addressParam,
        storageKeyParam,
        optionalBlockParam
      ])
      const { view } = requireState(deps, block)
      const key = keccak256(slot.bytes)
      const value = view.slot(hashAddress(address), key)
      return `0x${bytesToHex(value ?? new Uint8Array())
        .slice(2)
        .padStart(64, '0')}`
    }
  }
}

function hashAddress(address: Hex): Uint8Array {
  return keccak256(hexToBytes(address))
}
