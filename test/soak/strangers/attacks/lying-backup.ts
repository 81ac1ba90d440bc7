// A configured backup that lies about its tip: invented blocks, invented conflicts, old blocks, silence.
import { type Attack } from '../attack.ts'
import { tipRequest } from '../support/block-requests.ts'
import { crowd } from '../support/crowd.ts'
import { floodRequests } from '../support/request-flood.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 2

/** The last backup lies to everybody; strangers ask it too, so that it goes through all of its lies. */
export const LYING_BACKUP: Attack = {
  name: 'lying-backup',
  group: 'requests',
  title: 'a configured backup answers signed_tip with false claims',
  hasLiar: true,
  async run(target, tools) {
    const { signal, did } = tools
    const liar = target.nodes.at(-1)
    if (liar === undefined) throw new Error('there is no backup that could lie')
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(liar, stranger, ({ connection }) =>
        floodRequests(connection, signal, () => {
          did('lies asked for')
          return tipRequest(target)
        })
      )
    )
  }
}
