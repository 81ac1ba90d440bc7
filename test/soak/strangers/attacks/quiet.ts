// No attack at all: what the machine by itself makes of the demands.
import { untilAborted } from '../../../../src/base/until-aborted.ts'
import { type Attack } from '../attack.ts'

/** The measure for all others. */
export const QUIET: Attack = {
  name: 'quiet',
  group: 'quiet',
  title: 'nobody does anything',
  sparesCaller: true,
  async run(_, { signal, did }) {
    did('nothing')
    await untilAborted(signal)
  }
}
