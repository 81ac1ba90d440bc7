// Two strangers with one key: each new connection is of a peer that is there already.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type Attack } from '../attack.ts'
import { statusRequest } from '../support/block-requests.ts'
import { crowd, pick } from '../support/crowd.ts'
import { floodRequests } from '../support/request-flood.ts'
import { withStranger } from '../support/stranger-peer.ts'

const PAIRS = 4

/** Two for each node, each from an address of its own; both ask, and come back as soon as they are disconnected. */
export const SHARED_KEY: Attack = {
  name: 'shared-key',
  group: 'requests',
  title: 'two strangers with one peer key on every node',
  async run(target, tools) {
    const { signal, did } = tools
    const keys = await Promise.all(
      Array.from({ length: PAIRS }, () => generateKeyPair('secp256k1'))
    )
    await crowd(tools, 2 * PAIRS, (stranger) =>
      withStranger(
        pick(target.nodes, stranger),
        stranger,
        async ({ connection }) => {
          did('connections')
          await floodRequests(connection, signal, () => statusRequest(target))
        },
        { privateKey: pick(keys, stranger) }
      )
    )
  }
}
