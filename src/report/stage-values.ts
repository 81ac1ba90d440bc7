// The running stage of recovery as figures for `/metrics`.
import { type CurrentStage } from '../recovery/actions/progress.ts'
import { type MetricValues } from '../rpc/metrics-server.ts'

type StageMetric =
  | 'recovery_items'
  | 'recovery_items_expected'
  | 'recovery_items_per_second'
  | 'recovery_peers'
  | 'fetched_accounts'
  | 'fetched_slots'
  | 'fetched_codes'
  | 'fetched_blocks'

/** Of several that run side by side, the one that began first. */
export function stageValues(stages: readonly CurrentStage[]): Pick<MetricValues, StageMetric> {
  const [longest] = stages.toSorted((one, other) => other.elapsedMs - one.elapsedMs)
  const state = stages.find(({ name }) => name === 'fetch-state')
  const part = (wanted: string) => state?.parts.find(({ name }) => name === wanted)?.done
  return {
    recovery_items: longest?.done,
    recovery_items_expected: longest?.expected,
    recovery_items_per_second: longest?.rate,
    recovery_peers: longest?.peers.length,
    fetched_accounts: part('accounts'),
    fetched_slots: part('slots'),
    fetched_codes: part('codes'),
    fetched_blocks: stages.find(({ name }) => name === 'fetch-blocks')?.done
  }
}
