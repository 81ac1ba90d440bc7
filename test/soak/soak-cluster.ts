// The cluster of a soak part: a scenario of the part's own, run as the devnet runs its scenarios.
import { rm } from 'node:fs/promises'
import { NODE_ENTRY_FILE } from '../../devnet/cluster/node-process.ts'
import { createObserver } from '../../devnet/cluster/observer.ts'
import { Timeline } from '../../devnet/cluster/report.ts'
import { type RunOptions, ScenarioRun } from '../../devnet/harness/run-scenario.ts'
import { say } from './criterion.ts'

/** What a part says of its cluster; nothing is left out, and nothing ends it early. */
export type SoakRunOptions = Pick<
  RunOptions,
  'directory' | 'scenario' | 'seed' | 'blockTimeMs' | 'backupsCount' | 'transfersPerSecond'
> &
  Partial<Pick<RunOptions, 'timeline' | 'fundedAccounts' | 'filesMax'>>

/** Writes the cluster's directory; nothing runs yet. */
export function openSoakRun(options: SoakRunOptions): Promise<ScenarioRun> {
  return ScenarioRun.open({
    timeline: new Timeline(),
    ...options,
    without: undefined,
    entryFile: NODE_ENTRY_FILE,
    createObserver,
    signal: new AbortController().signal
  })
}

/** How a scenario ends that loses nothing by itself: the part judges what was seen. */
export function unjudged(detail: string) {
  const judged = { name: 'recovered-as-expected', ok: true, detail } as const
  return { lost: undefined, judge: () => judged }
}

/** The cluster's files are kept to look into what went wrong. */
export async function keepIfBroken(directory: string, isBroken: boolean): Promise<void> {
  if (isBroken) say(`the cluster's directory is kept: ${directory}`)
  else await rm(directory, { recursive: true, force: true })
}
