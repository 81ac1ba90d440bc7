// A genesis whose time is far from the clock: what that means for a chain that nobody has started yet.
import { type Genesis } from '../chain/genesis/genesis.ts'

/** The two times, and how far the chain would have to go. */
export type GenesisTime =
  | { readonly kind: 'old'; readonly at: string; readonly emptyBlocks: number }
  | { readonly kind: 'ahead'; readonly at: string; readonly waitSeconds: number }

/** An init in the morning and a start at night is no mistake; a day later it is one more often than not. */
const OLD_MS = 3_600_000
/** Clocks differ, and a genesis may be written for the next full minute. */
const AHEAD_MS = 60_000

/** Undefined when the time is near enough. */
export function genesisTime(
  { timestamp, config: { blockTimeMs } }: Pick<Genesis, 'timestamp' | 'config'>,
  nowMs: number
): GenesisTime | undefined {
  const atMs = Number(timestamp) * 1000
  const at = new Date(atMs).toISOString()
  if (atMs - nowMs > AHEAD_MS) {
    return { kind: 'ahead', at, waitSeconds: Math.ceil((atMs - nowMs) / 1000) }
  }
  if (nowMs - atMs <= OLD_MS) return undefined
  return { kind: 'old', at, emptyBlocks: Math.floor((nowMs - atMs) / blockTimeMs) }
}

/** One sentence that says what follows, and one that says what to do. */
export function describeGenesisTime(time: GenesisTime): string {
  if (time.kind === 'ahead') {
    return (
      `the genesis time is ${time.at}, ${time.waitSeconds} s from now: no block is built before. ` +
      'If that is not meant, write another timestamp into the genesis file, in seconds, before the chain is started'
    )
  }
  return (
    `the genesis time is ${time.at}: a chain that begins now has to build ${time.emptyBlocks} empty blocks before it ` +
    'takes a transaction in. Write the present time into the genesis file (date +%s), the same for every node; a chain ' +
    'that has run before is fetched from its peers, and needs nothing'
  )
}
