// Many ranges of generated tries with every lie that one change can make of them: each range is believed, no lie is.
import { equalBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { RangeProofError, type RangeClaim } from '../../src/trie/range-proof.ts'
import { claimOf, tampered, verifyRange } from '../support/range-claims.ts'
import { type Criterion } from './criterion.ts'
import { createDice } from './dice.ts'

const RANGES_COUNT = 2_000
const TRIE_ENTRIES_MAX = 64
const RANGE_ENTRIES_MAX = 16
const VALUE_BYTES_MAX = 120

/** A range with up to 16 leaves, of a trie with up to 64. */
function randomClaim(dice: (sides: number) => number): RangeClaim {
  const entries = Array.from({ length: 1 + dice(TRIE_ENTRIES_MAX) }, () => ({
    key: keccak256(Uint8Array.of(dice(256), dice(256))),
    value: new Uint8Array(1 + dice(VALUE_BYTES_MAX)).fill(1 + dice(255))
  }))
  const all = entries
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .filter(({ key }, index) => index === 0 || !equalBytes(key, entries[index - 1]!.key))
  const first = dice(all.length)
  return claimOf(all, { first, last: Math.min(first + dice(RANGE_ENTRIES_MAX), all.length - 1) })
}

function isBelieved(claim: RangeClaim): boolean {
  try {
    verifyRange(claim)
    return true
  } catch (thrown) {
    if (thrown instanceof RangeProofError) return false
    throw thrown
  }
}

/** Takes about a minute. */
export async function checkRangeProofs({
  seed
}: {
  readonly seed: number
}): Promise<readonly Criterion[]> {
  const dice = createDice(seed)
  let refusedCount = 0
  let liesCount = 0
  const believed: string[] = []
  for (let count = 0; count < RANGES_COUNT; count++) {
    const claim = randomClaim(dice)
    if (!isBelieved(claim)) refusedCount += 1
    for (const [what, lie] of tampered(claim)) {
      liesCount += 1
      if (isBelieved(lie)) believed.push(`range ${count}: ${what}`)
    }
  }
  return [
    {
      criterion: `range-proofs: true ranges of ${RANGES_COUNT} that are refused`,
      ok: refusedCount === 0,
      value: refusedCount,
      limit: 0
    },
    {
      criterion: `range-proofs: lies of ${liesCount} that are believed`,
      ok: believed.length === 0 && liesCount > RANGES_COUNT,
      value: believed.slice(0, 10),
      limit: []
    }
  ]
}
