// A whole state over real TCP: fetched in ranges from a node by one that has nothing, leaf by leaf the same.
import assert from 'node:assert/strict'
import { protocolId } from '../../protocols/protocol-def.ts'
import { bytesToHex, hexToBytes } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { silentLog } from '../../src/base/log.ts'
import { createPeerLanes } from '../../src/reqresp/peer-lanes.ts'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { type Handler, respond } from '../../src/reqresp/responder.ts'
import { type ServedProtocol } from '../../src/reqresp/served-protocol.ts'
import { decodeAccount, type StoredAccount } from '../../src/state/account-codec.ts'
import { SERVED_ACCOUNT_RANGE } from '../../src/sync/protocols/account-range.ts'
import { SERVED_BYTE_CODES } from '../../src/sync/protocols/byte-codes.ts'
import { createStatePeers, type StatePeers } from '../../src/sync/protocols/state-peers.ts'
import { createStateSource, type StateSource } from '../../src/sync/protocols/state-source.ts'
import { SERVED_STORAGE_RANGES } from '../../src/sync/protocols/storage-ranges.ts'
import { SERVED_TRIE_NODES } from '../../src/sync/protocols/trie-nodes.ts'
import { type Running, useNetworks, addressOf } from '../support/networks.ts'
import {
  createServedState,
  FIRST_KEY,
  LAST_KEY,
  type ServedStateFixture
} from '../support/served-state.ts'
import { until } from '../support/until.ts'
import { testHash } from '../support/state-model.ts'

const CHAIN_ID = 901n
const ACCOUNTS = 3_000
const { signal: forever } = new AbortController()

const SERVED: readonly ServedProtocol<unknown, unknown, StateSource>[] = [
  SERVED_ACCOUNT_RANGE,
  SERVED_STORAGE_RANGES,
  SERVED_BYTE_CODES,
  SERVED_TRIE_NODES
]

describe('a state over TCP', () => {
  const { start } = useNetworks(CHAIN_ID)
  let state: ServedStateFixture

  before(async () => {
    state = await createServedState({ accountsCount: ACCOUNTS, slotsCounts: [2_000, 7, 1, 40] })
  })

  /** As a node serves it to strangers. */
  async function serve({ network }: Running): Promise<void> {
    const lanes = createPeerLanes(systemClock, () => false, 0)
    const source: StateSource = {
      state: createStateSource({
        clock: systemClock,
        state: state.store,
        isConfigured: () => false
      })
    }
    for (const protocol of SERVED) {
      const { def, costTokens } = protocol
      await network.serve(protocolId(def, CHAIN_ID), 16, async (peer, stream) => {
        const handler: Handler<unknown, unknown> = {
          ...{ def, costTokens, lane: lanes.laneOf(protocol.lane, peer) },
          serve: (asked, context) => protocol.serve(source, asked, context)
        }
        const deps = { clock: systemClock, log: silentLog, signal: forever }
        await respond(deps, handler, { peer, stream })
      })
    }
  }

  async function connected(): Promise<{ readonly peers: StatePeers; readonly peer: string }> {
    const server = await start()
    await serve(server)
    const client = await start([addressOf(server)])
    await until('the connection', () => client.network.connected().length === 1)
    const requester = createRequester({
      clock: systemClock,
      opener: client.network.opener,
      chainId: CHAIN_ID,
      onFailure: () => undefined
    })
    const onFalse = (failure: unknown) => assert.fail(JSON.stringify(failure))
    return {
      peers: createStatePeers({ request: requester.request, onFalse }),
      peer: server.network.peerId
    }
  }

  it('is fetched whole, in ranges, by one that has its root alone', async () => {
    const { peers, peer } = await connected()
    const { root } = state
    const accounts = new Map<string, StoredAccount>()
    let rangesCount = 0
    for (let origin = FIRST_KEY, hasMore = true; hasMore; rangesCount++) {
      const got = await peers.accounts(peer, { root, origin, limit: LAST_KEY }, forever)
      for (const { hash, body } of got.accounts) accounts.set(bytesToHex(hash), decodeAccount(body))
      const last = got.accounts.at(-1)
      hasMore = got.hasMore
      if (last !== undefined) origin = nextKey(last.hash)
    }
    const owners = [...accounts].map(([hash, { storageRoot }]) => ({
      hash: hexToBytes(hash),
      storageRoot
    }))
    const slots = new Map<string, Map<string, string>>()
    const note = (
      owner: Uint8Array,
      list: readonly { readonly hash: Uint8Array; readonly value: Uint8Array }[]
    ) => {
      const known = slots.get(bytesToHex(owner)) ?? new Map<string, string>()
      for (const { hash, value } of list) known.set(bytesToHex(hash), bytesToHex(value))
      slots.set(bytesToHex(owner), known)
    }
    let left = owners
    while (left.length > 0) {
      const asked = left.slice(0, 1_024)
      const whole = { root, accounts: asked, origin: FIRST_KEY, limit: LAST_KEY }
      let got = await peers.slots(peer, whole, forever)
      for (const [at, { slots }] of got.storages.entries()) note(asked[at]!.hash, slots)
      const last = asked[got.storages.length - 1]!
      while (got.hasMore) {
        const origin = nextKey(got.storages.at(-1)!.slots.at(-1)!.hash)
        got = await peers.slots(peer, { root, accounts: [last], origin, limit: LAST_KEY }, forever)
        note(last.hash, got.storages[0]!.slots)
      }
      left = left.slice(asked.indexOf(last) + 1)
    }
    const hashes = [...accounts.values()].flatMap(({ codeHash }) => codeHash ?? [])
    const codes = await peers.codes(peer, hashes, forever)
    assert.deepEqual(codes.map(bytesToHex).sort(), state.codes.map(bytesToHex).sort())
    assert.equal(accounts.size, ACCOUNTS)
    for (const { addressHash, account, slots: due } of state.accounts) {
      const address = bytesToHex(addressHash)
      const { nonce, balance, codeHash } = accounts.get(address)!
      assert.deepEqual({ nonce, balance, codeHash }, account)
      assert.deepEqual(
        [...slots.get(address)!],
        due.map(({ slotHash, value }) => [bytesToHex(slotHash), bytesToHex(value)])
      )
    }
    assert.ok(rangesCount >= 1)
  })

  it('is walked node by node from its root down', async () => {
    const { peers, peer } = await connected()
    const { root } = state
    const none = { account: FIRST_KEY, path: new Uint8Array() }
    const [node] = await peers.nodes(peer, root, [{ ...none, hash: root }], forever)
    assert.ok(node !== undefined)
    assert.deepEqual(keccak256(node), root)
    const deep = { account: FIRST_KEY, path: new Uint8Array(60), hash: root }
    assert.deepEqual(await peers.nodes(peer, root, [deep], forever), [undefined])
  })

  it('is unavailable by a root that nobody has, and costs the peer nothing', async () => {
    const { peers, peer } = await connected()
    const asked = { root: testHash(1), origin: FIRST_KEY, limit: LAST_KEY }
    const isUnavailable = (thrown: unknown) => {
      assert.ok(thrown instanceof RequestError)
      assert.equal(thrown.failure.code, 'unavailable')
      return true
    }
    await assert.rejects(peers.accounts(peer, asked, forever), isUnavailable)
    await assert.rejects(peers.codes(peer, [testHash(1)], forever), isUnavailable)
  })
})

function nextKey(hash: Uint8Array): Uint8Array {
  return hexToBytes(`0x${(BigInt(bytesToHex(hash)) + 1n).toString(16).padStart(64, '0')}`)
}
