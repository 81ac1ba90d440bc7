// Messages of noise after its handshake: without a byte, or so small that a read from the socket holds thousands.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { sendAll, withRawPeer } from '../support/raw-peer.ts'

const STRANGERS = 16
const SMALL_PER_TURN = 200
/** Two bytes of length that say 0, over and over. */
const EMPTY = new Uint8Array(2 ** 16)

/** One in two sends what decrypts to a single byte of a frame that goes on; the others what nothing has to be decrypted of. */
export const NOISE_MESSAGES: Attack = {
  name: 'noise-messages',
  group: 'wire',
  title: 'messages of noise without a byte, or with one',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { multiaddr } = pick(nodes, stranger)
      const localAddress = strangerAddress(stranger)
      await withRawPeer({ multiaddr, localAddress, signal }, async (connection, below) => {
        while (!signal.aborted) {
          if (Math.floor(stranger / nodes.length) % 2 === 0) {
            await sendAll(below, EMPTY, signal)
            did('empty messages', EMPTY.length / 2)
            continue
          }
          for (let sent = 0; sent < SMALL_PER_TURN; sent++) {
            await sendAll(connection, Uint8Array.of(0), signal)
          }
          did('small messages', SMALL_PER_TURN)
        }
      })
    })
  }
}
