// Ports of clusters side by side, also of different processes: nobody gets those of a node that is away.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { chooseFreePorts } from '../../../devnet/cluster/free-ports.ts'

const COUNT = 500
const run = promisify(execFile)

describe('free ports', () => {
  it('are different ones each time, and can be listened on', async () => {
    const [some, others] = await Promise.all([chooseFreePorts(3), chooseFreePorts(60)])
    assert.equal(new Set([...some, ...others]).size, 63)
    for (const port of [...some, others.at(-1)!]) assert.equal(await canListen(port), true)
  })

  it('come from blocks whose first port is held, which tells other processes to keep away', async () => {
    const ports = await chooseFreePorts(120)
    const firsts = new Set(ports.map((port) => port - (port % 50)))
    assert.ok(firsts.size >= 2)
    for (const first of firsts) {
      assert.equal(ports.includes(first), false)
      assert.equal(await canListen(first), false, `${String(first)} is not held`)
    }
  })

  it('are not those of another process, though nobody listens on them', async () => {
    const ours = await chooseFreePorts(COUNT)
    const module = JSON.stringify(
      new URL('../../../devnet/cluster/free-ports.js', import.meta.url).href
    )
    const script = `import { chooseFreePorts } from ${module}
      console.log(JSON.stringify(await chooseFreePorts(${String(COUNT)})))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
    const theirs = new Set(JSON.parse(stdout) as number[])
    assert.equal(theirs.size, COUNT)
    assert.deepEqual(
      ours.filter((port) => theirs.has(port)),
      []
    )
  })
})

async function canListen(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
