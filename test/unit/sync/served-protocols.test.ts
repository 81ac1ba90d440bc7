// The list of request protocols: each that has a codec is in it, once, and is asked within its own deadlines.
import assert from 'node:assert/strict'
import { plainStatus } from '../../support/plain-status.ts'
import { readdirSync } from 'node:fs'
import { STATUS } from '../../../protocols/status/codec.ts'
import { createRequester } from '../../../src/reqresp/requester.ts'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import { DEADLINES } from '../../../src/reqresp/served-protocol.ts'
import { deadlinesOf, SERVED_PROTOCOLS } from '../../../src/sync/protocols/served-protocols.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'
import { projectPath } from '../../support/project-root.ts'

/** The values of a codec that are protocols, by their shape. */
async function protocolsOf(folder: string): Promise<readonly string[]> {
  const values: Record<string, unknown> = (await import(
    `../../../protocols/${folder}/codec.js`
  )) as Record<string, unknown>
  return Object.values(values).flatMap((value) => {
    const isProtocol =
      typeof value === 'object' && value !== null && 'limits' in value && 'name' in value
    return isProtocol && typeof value.name === 'string' ? [value.name] : []
  })
}

describe('the list of request protocols', () => {
  it('names every protocol that has a codec, once', async () => {
    const folders = readdirSync(projectPath('protocols'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .filter(({ name }) => readdirSync(projectPath(`protocols/${name}`)).includes('codec.ts'))
      .map(({ name }) => name)
    const coded = (await Promise.all(folders.map(protocolsOf))).flat()
    assert.ok(coded.length >= 5)
    assert.deepEqual(SERVED_PROTOCOLS.map(({ def }) => def.name).sort(), coded.sort())
  })

  it('has a cost for each, below what a peer has in its lane', () => {
    for (const { def, costTokens } of SERVED_PROTOCOLS) {
      assert.ok(costTokens >= 1 && costTokens <= 100, def.name)
    }
  })

  it('gives the requester each protocol’s deadlines', () => {
    for (const { def, deadlines } of SERVED_PROTOCOLS) assert.equal(deadlinesOf(def), deadlines.ask)
    assert.equal(deadlinesOf({ name: 'another' }), undefined)
  })
})

describe('a protocol with deadlines of its own', () => {
  it('is asked within them, and not within the engine’s', async () => {
    const clock = createManualClock()
    const requester = createRequester({
      clock,
      chainId: 901n,
      opener: { open: () => new Promise<never>(() => undefined) },
      deadlinesOf: ({ name }) =>
        name === STATUS.name ? { ...DEADLINES.ask, dialMs: 50 } : undefined,
      onFailure: () => undefined
    })
    const { signal } = new AbortController()
    const asked = requester.request('peer', STATUS, STATUS_OF_NOBODY, signal).next()
    const failed = assert.rejects(asked, (thrown) => {
      assert.ok(thrown instanceof RequestError)
      const { failure } = thrown
      assert.deepEqual(failure, {
        code: 'request-deadline-passed',
        peer: 'peer',
        phase: 'dial',
        afterMs: 50
      })
      return true
    })
    await settle()
    await clock.advance(50)
    await failed
  })
})

const STATUS_OF_NOBODY = plainStatus()
