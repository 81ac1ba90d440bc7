// Bodies of five megabytes that are no request: nested without end, long, or broken at the very last byte.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { postText } from '../support/http-client.ts'

const STRANGERS = 8
/** Just below the limit, and just above. */
const SIZES = [5 * 2 ** 20 - 1_000, 5 * 2 ** 20 + 1_000]

/** Each client sends one after the other. */
export const GARBAGE_JSON: Attack = {
  name: 'garbage-json',
  group: 'http',
  title: 'bodies of 5 MiB: deep, long, and broken at the end',
  sparesCaller: true,
  async run({ nodes }, tools) {
    const { signal, did } = tools
    const bodies = SIZES.flatMap((size) => [
      '['.repeat(size),
      `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
      '{"a":'.repeat(size / 5),
      `[${'1,'.repeat(size / 2)}`,
      `[${'{},'.repeat(size / 3)}{}]`,
      `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":["0x${'00'.repeat(size / 2)}"]}`,
      `{"jsonrpc":"2.0","id":1,"method":"${'a'.repeat(size)}","params":[]}`
    ])
    await crowd(tools, STRANGERS, async (stranger) => {
      for (let count = stranger; !signal.aborted; count++) {
        const { rpcUrl } = pick(nodes, count)
        did('bodies')
        await postText(rpcUrl, pick(bodies, count), {
          localAddress: strangerAddress(stranger),
          signal
        })
      }
    })
  }
}
