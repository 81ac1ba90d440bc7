// What a node's log says of the faults of others: those events and no others, whatever else is in the file.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLogFaults } from '../../../devnet/cluster/log-faults.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

describe('faults in a log', () => {
  const temporary = useTemporaryDirectory()

  async function read(lines: readonly string[]) {
    const path = join(temporary.path, 'node.log')
    await writeFile(path, lines.join('\n'))
    return readLogFaults(path)
  }

  it('are those that blame a peer, with the peer', async () => {
    const faults = await read([
      '{"level":"info","event":"started"}',
      '{"level":"warn","event":"gossip-rejected","peer":"abc","reason":"too-old"}',
      '{"level":"warn","event":"peer-false","peer":"def","code":"block-false"}'
    ])
    assert.deepEqual(faults, [
      { event: 'gossip-rejected', peer: 'abc' },
      { event: 'peer-false', peer: 'def' }
    ])
  })

  it('are not found in other events that mention them, nor in what is no JSON', async () => {
    const faults = await read([
      '{"level":"warn","event":"observer-failed","reason":"gossip-rejected"}',
      'Error: peer-false',
      '{"level":"warn","event":"peer-fal'
    ])
    assert.deepEqual(faults, [])
  })
})
