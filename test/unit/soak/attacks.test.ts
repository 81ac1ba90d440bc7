// The process of the strangers and the list of what they do.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { getPriority } from 'node:os'
import { AttackerProcess } from '../../soak/strangers/attacker-process.ts'
import { ATTACKS } from '../../soak/strangers/attacks.ts'
import { until } from '../../support/until.ts'

const GROUPS = ['quiet', 'wire', 'muxer', 'gossip', 'requests', 'calls', 'http']
const LOWEST_PRIORITY = 19

describe('the attacks', () => {
  it('have a name each, that is no group, but for the one that does nothing', () => {
    const names = ATTACKS.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    assert.deepEqual(
      names.filter((name) => GROUPS.includes(name)),
      ['quiet']
    )
  })

  it('fill every group, so few that a group lasts less than 40 minutes', () => {
    for (const group of GROUPS) {
      const count = ATTACKS.filter((attack) => attack.group === group).length
      assert.ok(count > 0 && count <= 14, `${group}: ${String(count)}`)
    }
  })
})

describe("the strangers' process", () => {
  it('attacks from addresses of its own at the lowest priority, says what it did, and ends when told', async () => {
    const sockets = new Set<Socket>()
    const from: (string | undefined)[] = []
    const server = createServer((socket) => {
      sockets.add(socket.resume())
      from.push(socket.remoteAddress)
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${String(port)}`
    const node = { name: 'n', peerId: '', multiaddr: '', port, rpcUrl: url, metricsUrl: url }
    const target = {
      nodes: [node],
      chainId: 901,
      genesisHash: `0x${'00'.repeat(32)}`,
      accountKeys: [],
      seed: 1
    } as const
    const attacker = new AttackerProcess({ attack: 'raw-0xff', target })
    try {
      await until('a megabyte is out', () => (attacker.counts.bytes ?? 0) > 1e6, {
        withinMs: 30_000
      })
      assert.equal(getPriority(attacker.pid), LOWEST_PRIORITY)
      assert.ok(from.every((address) => address?.startsWith('127.66.')))
      const counts = await attacker.stop()
      assert.ok((counts.connections ?? 0) >= from.length / 2)
      assert.deepEqual(
        Object.keys(counts).filter((what) => what.startsWith('broken')),
        []
      )
    } finally {
      await attacker.stop()
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
})
