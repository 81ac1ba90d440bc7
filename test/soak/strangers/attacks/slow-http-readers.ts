// Clients that ask for much and read nothing.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { batchText, portOf } from '../support/http-client.ts'
import { makeLogBlock } from '../support/log-block.ts'
import { openSocket, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 100
const CALLS = 100

/** Each holds its connection until the node ends it. */
export const SLOW_HTTP_READERS: Attack = {
  name: 'slow-http-readers',
  group: 'http',
  title: `${String(STRANGERS)} clients that ask for large answers and do not read them`,
  async run(target, tools) {
    const { signal, did } = tools
    const number = await makeLogBlock(target)
    const texts = [
      batchText('eth_getLogs', [{ fromBlock: number, toBlock: number }], CALLS),
      batchText('eth_getBlockReceipts', [number], CALLS),
      batchText('eth_getBlockByNumber', [number, true], CALLS)
    ]
    await crowd(tools, STRANGERS, async (stranger) => {
      const port = portOf(pick(target.nodes, stranger).rpcUrl)
      const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
      socket.pause()
      const body = pick(texts, stranger)
      const head = `POST / HTTP/1.1\r\nhost: 127.0.0.1:${String(port)}\r\ncontent-type: application/json\r\n`
      socket.write(`${head}content-length: ${String(body.length)}\r\n\r\n${body}`)
      did('requests')
      await untilClosed(socket)
    })
  }
}
