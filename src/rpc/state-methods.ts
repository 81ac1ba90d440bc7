// eth_ methods that read accounts or run calls on a state.
import { bytesToHex, type Hex, hexQuantity, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type CallOutcome } from '../execution/run-call.ts'
import { requireState } from './block-resolution.ts'
import { type RpcMethod } from './json-rpc.ts'
import {
  addressParam,
  blockParam,
  callParam,
  LATEST,
  parseParams,
  quantityParam
} from './params.ts'
import { type RpcCalls, type RpcChain, type RpcNode, type RpcPool, type RpcState } from './ports.ts'
import { RPC_CODES, RpcError, serverError } from './rpc-error.ts'

/** What the methods read from. */
export interface StateMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  readonly state: RpcState
  readonly pool: RpcPool
  readonly calls: RpcCalls
}

const optionalBlock = blockParam.default(LATEST)

/** The methods by name. */
export function stateMethods(deps: StateMethodDeps): Record<string, RpcMethod> {
  const { pool, calls } = deps
  return {
    eth_getBalance(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlock])
      const { view } = requireState(deps, block)
      return hexQuantity(view.account(hashAddress(address))?.balance ?? 0n)
    },
    eth_getTransactionCount(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlock])
      if (block.kind === 'tag' && block.tag === 'pending') {
        return hexQuantity(pool.pendingNonce(address))
      }
      const { view } = requireState(deps, block)
      return hexQuantity(view.account(hashAddress(address))?.nonce ?? 0n)
    },
    eth_getCode(params) {
      const [address, block] = parseParams(params, [addressParam, optionalBlock])
      const { view } = requireState(deps, block)
      const codeHash = view.account(hashAddress(address))?.codeHash
      const code = codeHash && view.code(codeHash)
      return code === undefined ? '0x' : bytesToHex(code)
    },
    eth_getStorageAt(params) {
      const [address, slot, block] = parseParams(params, [
        addressParam,
        quantityParam,
        optionalBlock
      ])
      const { view } = requireState(deps, block)
      const key = keccak256(hexToBytes(`0x${slot.toString(16).padStart(64, '0')}`))
      const value = view.slot(hashAddress(address), key)
      return `0x${bytesToHex(value ?? new Uint8Array())
        .slice(2)
        .padStart(64, '0')}`
    },
    async eth_call(params, { signal }) {
      const [call, block] = parseParams(params, [callParam, optionalBlock])
      const at = requireState(deps, block)
      const outcome = await calls.call(call, at.block, at.view, signal)
      if (outcome.kind === 'returned') return bytesToHex(outcome.data)
      throw callError(outcome)
    },
    async eth_estimateGas(params, { signal }) {
      const [call, block] = parseParams(params, [callParam, optionalBlock])
      const at = requireState(deps, block)
      const outcome = await calls.estimateGas(call, at.block, at.view, signal)
      if (outcome.kind === 'gas') return hexQuantity(outcome.gas)
      throw callError(outcome)
    }
  }
}

function hashAddress(address: Hex): Uint8Array {
  return keccak256(hexToBytes(address))
}

/** geth's form: a revert carries what the contract returned. */
function callError(outcome: Exclude<CallOutcome, { kind: 'returned' }>): RpcError {
  return outcome.kind === 'reverted'
    ? new RpcError(RPC_CODES.reverted, 'execution reverted', bytesToHex(outcome.data))
    : serverError(outcome.reason)
}
