// Steady load without a crash: every slot has its block in time, every block its transfers, all heads are equal.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { Timeline, type TimelineEntry } from '../../devnet/cluster/report.ts'
import { readBlock, readBlockNumber } from '../../devnet/cluster/rpc-client.ts'
import { type Scenario } from '../../devnet/scenarios/scenario.ts'
import { type Criterion } from './criterion.ts'
import { keepIfBroken, openSoakRun, unjudged } from './soak-cluster.ts'

/** What is run. */
export interface CadenceOptions {
  readonly seed: number
  readonly slots: number
  readonly blockTimeMs: number
  readonly transfersPerSlot: number
}

/** Blocks that the load and the first connections need until they are steady. */
const WARM_UP_BLOCKS = 10
/** Offered above what is demanded, so that a transfer that falls into the next slot leaves no gap. */
const OFFERED_FACTOR = 1.1

/** Runs a cluster of three backups and measures from outside. */
export async function measureCadence(options: CadenceOptions): Promise<readonly Criterion[]> {
  const { seed, slots, blockTimeMs, transfersPerSlot } = options
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-cadence-'))
  const heardAtMs = new Map<number, number>()
  const timeline = new Timeline((entry) => {
    noteHeard(heardAtMs, entry)
  })
  let first = 0
  let rpcUrl = ''
  const scenario: Scenario = {
    name: 'steady-load',
    summary: `${String(slots)} slots under load, nobody crashes`,
    setup: { signedRecord: 'on', quorum: 'auto' },
    async run(actions) {
      rpcUrl = run.cluster.node(SEQUENCER).rpcUrl
      first = (await readBlockNumber(rpcUrl)) + WARM_UP_BLOCKS
      await actions.buildUntil(first + slots)
      return unjudged('nothing was lost')
    }
  }
  const run = await openSoakRun({
    directory,
    scenario,
    seed,
    blockTimeMs,
    backupsCount: 3,
    transfersPerSecond: (OFFERED_FACTOR * transfersPerSlot * 1_000) / blockTimeMs,
    timeline
  })
  await run.act()
  const checks = await run.look()
  const measured = await measureBlocks({ rpcUrl, first, slots, blockTimeMs, heardAtMs })
  const report = await run.close()
  await keepIfBroken(directory, !report.ok)
  const broken = [...report.checks, ...checks].filter(({ ok }) => !ok)
  return toCriteria(measured, { slots, transfersPerSlot, broken })
}

interface Measured {
  readonly lateSlots: readonly number[]
  readonly latestMs: number
  readonly transfersTotal: number
  readonly transfersLeast: number
}

function noteHeard(heardAtMs: Map<number, number>, { event, number }: TimelineEntry): void {
  if (event !== 'heard' || typeof number !== 'number' || heardAtMs.has(number)) return
  heardAtMs.set(number, Date.now())
}

/** A slot has its block when that was heard before the slot's end: one block time after its timestamp. */
async function measureBlocks({
  rpcUrl,
  first,
  slots,
  blockTimeMs,
  heardAtMs
}: {
  readonly rpcUrl: string
  readonly first: number
  readonly slots: number
  readonly blockTimeMs: number
  readonly heardAtMs: ReadonlyMap<number, number>
}): Promise<Measured> {
  const lateSlots: number[] = []
  const counts: number[] = []
  let latestMs = 0
  for (let number = first; number < first + slots; number++) {
    const block = await readBlock(rpcUrl, number)
    const heardMs = heardAtMs.get(number)
    const lateMs =
      block === undefined || heardMs === undefined ? Infinity : heardMs - 1_000 * block.timestamp
    latestMs = Math.max(latestMs, lateMs)
    if (lateMs >= blockTimeMs) lateSlots.push(number)
    counts.push(block?.transactionsCount ?? 0)
  }
  return {
    lateSlots,
    latestMs,
    transfersTotal: counts.reduce((sum, count) => sum + count, 0),
    transfersLeast: Math.min(...counts)
  }
}

function toCriteria(
  { lateSlots, latestMs, transfersTotal, transfersLeast }: Measured,
  {
    slots,
    transfersPerSlot,
    broken
  }: {
    readonly slots: number
    readonly transfersPerSlot: number
    readonly broken: readonly { readonly name: string; readonly detail: string }[]
  }
): readonly Criterion[] {
  return [
    {
      criterion: 'cadence: slots without their block',
      ok: lateSlots.length === 0,
      value: { slots: lateSlots, latestMs },
      limit: 0
    },
    {
      criterion: 'cadence: transfers',
      ok: transfersTotal >= slots * transfersPerSlot,
      value: { total: transfersTotal, leastInABlock: transfersLeast },
      limit: slots * transfersPerSlot
    },
    {
      criterion: 'cadence: heads equal and all checks',
      ok: broken.length === 0,
      value: broken.map(({ name, detail }) => `${name}: ${detail}`),
      limit: 0
    }
  ]
}
