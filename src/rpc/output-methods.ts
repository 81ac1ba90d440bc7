// The output root of a block, as op-node gives it to proposers and challengers (OP Stack specs, L2 output commitment).
import { concatBytes, bytesToHex, hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type Fork } from '../chain/blocks/forks.ts'
import { MESSAGE_PASSER_HASH } from '../chain/blocks/header.ts'
import { requireBlock, requireState } from './block-resolution.ts'
import { type RpcMethod } from './json-rpc.ts'
import { blockRef, describeSync, ZERO_HASH } from './operator-methods.ts'
import { parseParams, quantityParam } from './params.ts'
import { type RpcChain, type RpcNode, type RpcState } from './ports.ts'

/** What the methods read from. */
export interface OutputMethodDeps {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
  readonly state: RpcState
  /** True when the fork's rules hold at a timestamp in seconds. */
  readonly isForkActive: (fork: Fork, timestamp: bigint) => boolean
  /** Of the package. */
  readonly version: string
}

/** Version 0: 32 zero bytes ahead of what is hashed. */
const OUTPUT_VERSION = ZERO_HASH
const heightParam = quantityParam.refine((number) => number < 1n << 64n, 'is above 2^64 - 1')

/** The methods by name. */
export function outputMethods(deps: OutputMethodDeps): Record<string, RpcMethod> {
  return {
    /** op-node's `nodeAPI.OutputAtBlock`; `syncStatus` is what `optimism_syncStatus` says. */
    optimism_outputAtBlock(params) {
      const [number] = parseParams(params, [heightParam])
      const block = requireBlock(deps, { kind: 'number', number })
      const withdrawalStorageRoot = messagePasserRoot(deps, block)
      return {
        version: OUTPUT_VERSION,
        outputRoot: outputRoot(block, withdrawalStorageRoot),
        blockRef: blockRef(block),
        withdrawalStorageRoot: bytesToHex(withdrawalStorageRoot),
        stateRoot: block.stateRoot,
        syncStatus: describeSync(deps.chain.head())
      }
    },
    /** In op-node's form: the version, and after a dash what op-node has its build's name for. */
    optimism_version: () => `v${deps.version}-rekindle`
  }
}

/** keccak-256 of version, state root, storage root of the message passer and block hash (op-service's eth.OutputV0). */
function outputRoot({ stateRoot, hash }: Block, withdrawalStorageRoot: Uint8Array): Hex {
  const roots = [hexToBytes(stateRoot), withdrawalStorageRoot, hexToBytes(hash)]
  return bytesToHex(keccak256(concatBytes(hexToBytes(OUTPUT_VERSION), ...roots)))
}

/** Out of the header since Isthmus. Ahead of that out of the state, which has to be readable: throws where it is not. */
function messagePasserRoot(deps: OutputMethodDeps, { header, number }: Block): Uint8Array {
  if (deps.isForkActive('isthmus', header.timestamp) && header.withdrawalsRoot !== undefined) {
    return header.withdrawalsRoot
  }
  const { view } = requireState(deps, { kind: 'number', number })
  return view.storageRoot(MESSAGE_PASSER_HASH)
}
