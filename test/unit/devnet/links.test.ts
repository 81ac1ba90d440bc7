// The wires between nodes: they carry bytes both ways, and nothing at all while a node is cut off.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { chooseFreePorts } from '../../../devnet/cluster/free-ports.ts'
import { LinkPorts, Links, OBSERVER } from '../../../devnet/cluster/links.ts'

const NODES = ['sequencer', 'backup-1', 'backup-2']

describe('links', () => {
  let links: Links
  let ports: LinkPorts
  let echo: Server

  beforeEach(async () => {
    const count = LinkPorts.countFor(NODES)
    const [target = 0, ...rest] = await chooseFreePorts(count + 1)
    echo = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.pipe(socket)
    })
    echo.listen(target, '127.0.0.1')
    await once(echo, 'listening')
    ports = new LinkPorts(NODES, rest)
    links = await Links.open(ports, new Map(NODES.map((name) => [name, target])))
  })

  afterEach(async () => {
    await links.close()
    echo.close()
    await once(echo, 'close')
  })

  function dial(from: string, to: string): Socket {
    const socket = connect(ports.port(from, to), '127.0.0.1')
    socket.on('error', () => socket.destroy())
    return socket
  }

  async function answerOf(socket: Socket, text: string): Promise<string> {
    socket.write(text)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  }

  it('are one for each pair and direction, the observer included', () => {
    assert.equal(LinkPorts.countFor(NODES), 9)
    assert.throws(() => ports.port('backup-1', OBSERVER), /no link/)
    assert.throws(() => new LinkPorts(NODES, [1, 2, 3]), RangeError)
  })

  it('carry bytes both ways, and the end of either side', async () => {
    const socket = dial(OBSERVER, 'backup-2')
    assert.equal(await answerOf(socket, 'hello'), 'hello')
    const ended = once(socket, 'close')
    socket.end()
    await ended
  })

  it('of a node that is cut off break and refuse, whoever dialled, until it is mended', async () => {
    const inbound = dial('sequencer', 'backup-1')
    const outbound = dial('backup-1', 'backup-2')
    const other = dial('sequencer', 'backup-2')
    for (const socket of [inbound, outbound, other]) await answerOf(socket, 'x')
    const broken = Promise.all([once(inbound, 'close'), once(outbound, 'close')])
    links.cut('backup-1')
    await broken
    assert.equal(await answerOf(other, 'still there'), 'still there')
    await once(dial(OBSERVER, 'backup-1'), 'close')
    links.mend('backup-1')
    const again = dial(OBSERVER, 'backup-1')
    assert.equal(await answerOf(again, 'back'), 'back')
    again.destroy()
    other.destroy()
  })

  it('end a connection to a node that is down', async () => {
    echo.close()
    await once(echo, 'close')
    await once(dial('sequencer', 'backup-1'), 'close')
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
  })
})
