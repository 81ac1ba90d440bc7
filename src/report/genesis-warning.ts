// Says at a start that the chain is about to begin far from its genesis time.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { describeGenesisTime, genesisTime } from '../config/genesis-time.ts'
import { type StartInputs } from '../config/start-inputs.ts'

/** Silent once the chain has a block, and for a backup that joins an old chain. */
export function warnOfGenesisTime(
  {
    config,
    genesis,
    blockTimeMs
  }: Pick<StartInputs, 'genesis' | 'blockTimeMs'> & {
    readonly config: Pick<StartInputs['config'], 'role'>
  },
  headNumber: bigint,
  { clock, log }: { readonly clock: Pick<Clock, 'nowMs'>; readonly log: Pick<Log, 'warn'> }
): void {
  if (headNumber > 0n) return
  const chain = { timestamp: genesis.timestamp, config: { ...genesis.config, blockTimeMs } }
  const time = genesisTime(chain, clock.nowMs())
  if (time === undefined || (time.kind === 'old' && config.role === 'backup')) return
  const { kind, ...facts } = time
  log.warn(`genesis-${kind}`, { ...facts, meaning: describeGenesisTime(time) })
}
