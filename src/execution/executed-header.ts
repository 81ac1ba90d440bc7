// What an execution says of its block's header: it seals a built one, and is held against a given one.
import { bytesToHex, equalBytes, hexToBytes } from '../base/bytes.ts'
import { type BlockHeader } from '../chain/blocks/block.ts'
import {
  EMPTY_OMMERS_HASH,
  EMPTY_NONCE,
  EMPTY_REQUESTS_HASH,
  MESSAGE_PASSER_HASH
} from '../chain/blocks/header.ts'
import { extraDataForChild } from '../chain/blocks/holocene-extra.ts'
import { orderedRoot } from '../trie/ordered-root.ts'
import { type ExecutionResult } from './block-loop.ts'
import { type ComputedLayer } from './engine.ts'
import { type OpenJob } from './open-jobs.ts'

/** The header at V4, 21 fields; the fee parameters are the parent's. */
export function sealHeader(
  { environment, parent }: Pick<OpenJob, 'environment' | 'parent'>,
  result: ExecutionResult,
  layer: ComputedLayer,
  transactions: readonly Uint8Array[]
): BlockHeader {
  const { parentBeaconBlockRoot = new Uint8Array(32) } = environment
  return {
    parentHash: environment.parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    feeRecipient: environment.feeRecipient,
    stateRoot: hexToBytes(layer.root),
    transactionsRoot: orderedRoot(transactions),
    receiptsRoot: result.receiptsRoot,
    logsBloom: result.logsBloom,
    difficulty: 0n,
    number: environment.number,
    gasLimit: environment.gasLimit,
    gasUsed: result.gasUsed,
    timestamp: environment.timestamp,
    extraData: extraDataForChild(parent.header.extraData),
    prevRandao: environment.prevRandao,
    nonce: EMPTY_NONCE,
    baseFeePerGas: environment.baseFeePerGas,
    withdrawalsRoot: layer.storageRoot(MESSAGE_PASSER_HASH),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot,
    requestsHash: EMPTY_REQUESTS_HASH
  }
}

/** The first header field that execution does not give; undefined when all agree. */
export function compareWithHeader(
  header: BlockHeader,
  result: ExecutionResult,
  layer: ComputedLayer
): string | undefined {
  if (header.gasUsed !== result.gasUsed) {
    return `gasUsed is ${header.gasUsed.toString()}, execution used ${result.gasUsed.toString()}`
  }
  const roots = [
    ['receiptsRoot', header.receiptsRoot, result.receiptsRoot],
    ['logsBloom', header.logsBloom, result.logsBloom],
    ['stateRoot', header.stateRoot, hexToBytes(layer.root)],
    ['withdrawalsRoot', header.withdrawalsRoot, layer.storageRoot(MESSAGE_PASSER_HASH)]
  ] as const
  for (const [field, expected, got] of roots) {
    if (expected !== undefined && equalBytes(expected, got)) continue
    const claimed = expected === undefined ? 'absent' : bytesToHex(expected)
    return `${field} is ${claimed}, execution gives ${bytesToHex(got)}`
  }
  return undefined
}
