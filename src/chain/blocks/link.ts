// Whether a block may follow another by their headers alone: what execution does not check (src/chain/README.md, "A genuine block").
import { type ForkTimes } from '../../../protocols/status/fork-digest.ts'
import { millisecondPart } from '../../../protocols/block-message/millisecond-part.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { nextBaseFee } from './base-fee.ts'
import { type Block, type BlockHeader } from './block.ts'
import { type BlockTimes } from './block-times.ts'
import { decodeHoloceneExtraData } from './holocene-extra.ts'
import { isForkActive, topicVersionAt } from './forks.ts'
import { headerVersion } from './header.ts'

/** Why a block is no child of the one before it. */
export type LinkFailure =
  | { readonly code: 'number-wrong'; readonly number: bigint; readonly parentNumber: bigint }
  | { readonly code: 'parent-hash-wrong'; readonly parentHash: Hex; readonly expected: Hex }
  | { readonly code: 'timestamp-wrong'; readonly timestampMs: number; readonly expectedMs: number }
  | { readonly code: 'layout-wrong'; readonly version: number; readonly expected: number }
  | { readonly code: 'gas-limit-out-of-bounds'; readonly gasLimit: bigint }
  | { readonly code: 'gas-used-above-limit'; readonly gasUsed: bigint; readonly gasLimit: bigint }
  | { readonly code: 'extra-data-wrong'; readonly extraData: Hex }
  | { readonly code: 'base-fee-wrong'; readonly baseFeePerGas: bigint; readonly expected: bigint }

/** What a chain goes by. */
export interface LinkRules {
  readonly times: BlockTimes
  readonly forks: ForkTimes
}

/**
 * Bounds of a gas limit (Yellow Paper, section 4.4.3; go-ethereum's MaxGasLimit). Between them the OP Stack
 * lets it change at once, since the attributes name it.
 */
export const GAS_LIMIT_MIN = 5_000n
/** The most a gas limit may be (go-ethereum's MaxGasLimit). */
export const GAS_LIMIT_MAX = 2n ** 63n - 1n

/** The first rule that the child breaks; undefined when it may follow. Both are of a Holocene chain. */
export function checkLink(
  parent: Block,
  child: Block,
  { times, forks }: LinkRules
): LinkFailure | undefined {
  const { number, parentHash, header } = child
  if (number !== parent.number + 1n) {
    return { code: 'number-wrong', number, parentNumber: parent.number }
  }
  if (parentHash !== parent.hash) {
    return { code: 'parent-hash-wrong', parentHash, expected: parent.hash }
  }
  return (
    checkTime(parent.header, header, times) ??
    checkLayout(header, forks) ??
    checkGas(header) ??
    checkBaseFee(parent.header, header, forks)
  )
}

function checkTime(
  parent: BlockHeader,
  header: BlockHeader,
  times: BlockTimes
): LinkFailure | undefined {
  const expectedMs = times.timestampMs(parent) + times.blockTimeMs
  const timestampMs = times.timestampMs(header)
  // One moment has one form: a thousand milliseconds are a second.
  const whole = times.encode(expectedMs, header.prevRandao)
  const isForm =
    whole.timestamp === header.timestamp &&
    millisecondPart(whole.prevRandao) === millisecondPart(header.prevRandao)
  if (timestampMs === expectedMs && isForm) return undefined
  return { code: 'timestamp-wrong', timestampMs, expectedMs }
}

function checkLayout(header: BlockHeader, forks: ForkTimes): LinkFailure | undefined {
  const version = headerVersion(header)
  const expected = topicVersionAt(forks, header.timestamp)
  return version === expected ? undefined : { code: 'layout-wrong', version, expected }
}

function checkGas({ gasLimit, gasUsed }: BlockHeader): LinkFailure | undefined {
  if (gasLimit < GAS_LIMIT_MIN || gasLimit > GAS_LIMIT_MAX) {
    return { code: 'gas-limit-out-of-bounds', gasLimit }
  }
  return gasUsed > gasLimit ? { code: 'gas-used-above-limit', gasUsed, gasLimit } : undefined
}

function checkBaseFee(
  parent: BlockHeader,
  { extraData, timestamp, baseFeePerGas, gasLimit }: BlockHeader,
  forks: ForkTimes
): LinkFailure | undefined {
  if (isForkActive(forks, 'holocene', timestamp)) {
    const elasticity = decodeHoloceneExtraData(extraData)?.elasticity
    // A gas target of 0 would leave the next block without a base fee.
    if (elasticity === undefined || BigInt(elasticity) > gasLimit) {
      return { code: 'extra-data-wrong', extraData: bytesToHex(extraData) }
    }
  }
  const expected = nextBaseFee(parent)
  return baseFeePerGas === expected
    ? undefined
    : { code: 'base-fee-wrong', baseFeePerGas, expected }
}
