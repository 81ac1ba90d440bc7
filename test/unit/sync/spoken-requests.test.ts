// Whom requests go to, by what identify said: strangers that do not speak a protocol get no stream for it.
import assert from 'node:assert/strict'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { SIGNED_TIP } from '../../../protocols/signed-tip/codec.ts'
import { createSpoken, requestsToSpeakers } from '../../../src/sync/protocols/spoken-requests.ts'
import { RequestError } from '../../../src/reqresp/request-error.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'

const TIP_ID = '/rekindle/req/signed_tip/901/1'

/** Who speaks signed_tip, as far as they have said. */
const WORDS: Readonly<Record<string, boolean | undefined>> = {
  speaker: true,
  mute: false,
  unknown: undefined,
  backup: false
}

const spoken = createSpoken({
  chainId: 901n,
  speaks: (peer, protocolId) => (protocolId === TIP_ID ? WORDS[peer] : false),
  isConfigured: (peer) => peer === 'backup'
})

describe('a request', () => {
  for (const [peer, isSent] of [
    ['speaker', true],
    ['unknown', true],
    ['mute', false],
    ['backup', true]
  ] as const) {
    it(`for signed_tip is ${isSent ? 'sent' : 'not sent'} to ${peer}`, async () => {
      const asked: string[] = []
      const request = requestsToSpeakers(
        asRequestChunks(async function* (to) {
          asked.push(to)
          yield await Promise.resolve('answer')
        }),
        spoken
      )
      const head = { number: 1n, hash: new Uint8Array(32) }
      const chunks: unknown[] = []
      const read = async () => {
        const { signal } = new AbortController()
        for await (const chunk of request(peer, SIGNED_TIP, head, signal)) chunks.push(chunk)
      }
      if (isSent) await read()
      else {
        await assert.rejects(read, (thrown) => {
          assert.ok(thrown instanceof RequestError)
          assert.deepEqual(thrown.failure, {
            code: 'unsupported-protocol',
            peer,
            protocol: 'signed_tip'
          })
          return true
        })
      }
      assert.deepEqual([asked, chunks], isSent ? [[peer], ['answer']] : [[], []])
    })
  }

  it('names what a peer does not speak, of what recovery needs', () => {
    const ofState = ['account_range', 'storage_ranges', 'byte_codes', 'trie_nodes']
    const ofBlocks = ['blocks_by_range', 'blocks_by_hash', 'state_diffs_by_range']
    const others = ['status', ...ofBlocks, ...ofState]
    assert.deepEqual(spoken.unspoken('speaker'), others)
    assert.deepEqual(spoken.unspoken('mute'), ['signed_tip', ...others])
    assert.equal(spoken.speaks('unknown', SIGNED_TIP), undefined)
    assert.equal(spoken.isAsked('speaker', BLOCKS_BY_RANGE), false)
  })
})
