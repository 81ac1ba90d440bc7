// Steady load without a crash: every slot has its block in time, every block its transfers, all heads are equal.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { Timeline } from '../../devnet/cluster/report.ts'
import { readBlockNumber } from '../../devnet/cluster/rpc-client.ts'
import { type Scenario } from '../../devnet/scenarios/scenario.ts'
import { type Criterion } from './criterion.ts'
import { HeardBlocks, type MeasuredBlocks } from './heard-blocks.ts'
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
  const heard = new HeardBlocks()
  const timeline = new Timeline((entry) => {
    heard.note(entry)
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
  const measured = await heard.measure({ rpcUrl, first, slots, blockTimeMs })
  const report = await run.close()
  await keepIfBroken(directory, !report.ok)
  const broken = [...report.checks, ...checks].filter(({ ok }) => !ok)
  return toCriteria(measured, { slots, transfersPerSlot, broken })
}

function toCriteria(
  { lateSlots, latestMs, transfersTotal, transfersLeast }: MeasuredBlocks,
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
