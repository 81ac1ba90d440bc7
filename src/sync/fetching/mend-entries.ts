// Entries of the state database that are damaged here, each of whichever peer has it (src/state/README.md, "Mending").
import { equalBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { type EntrySource } from '../../state/entry-source.ts'
import { type StatePeers } from '../protocols/state-peers.ts'
import { type AttemptResult } from './fetch-job.ts'
import { type FetchPool } from './fetch-pool.ts'

/** Who is asked. */
export interface MendEntriesDeps {
  readonly pool: FetchPool
  readonly peers: StatePeers
  /** Those that serve states and may be asked, the best first. */
  readonly serving: () => readonly string[]
  /** True for a node that no peer was named to and none is connected to. */
  readonly isAlone: () => boolean
  /** State roots of verified headers, the newest first. */
  readonly newerRoots: () => readonly Uint8Array[]
}

/** How the account trie is named beside the accounts' storage tries. */
const ACCOUNT_TRIE = new Uint8Array(32)

/** An answer that fails its check is told to the peers' judge, and the entry asked for of another one. */
export function createEntrySource({
  pool,
  peers,
  serving,
  isAlone,
  newerRoots
}: MendEntriesDeps): EntrySource {
  const ask = async <T>(
    one: (peer: string, signal: AbortSignal) => Promise<T | undefined>,
    signal: AbortSignal
  ): Promise<T | undefined> => {
    let found: T | undefined
    const attempt = async (peer: string, inner: AbortSignal): Promise<AttemptResult> => {
      try {
        const answer = await one(peer, inner)
        if (answer === undefined) throw new Error('it has no such entry')
        found ??= answer
        return { kind: 'done' }
      } catch (error) {
        return { kind: 'failed', error, hasPart: false }
      }
    }
    if (serving().length === 0) return undefined
    const outcome = await pool.fetch({ peers: serving, attempt }, signal)
    return outcome.kind === 'done' ? found : undefined
  }
  return {
    isHopeless: isAlone,
    newerRoots,
    async nodes(root, wanted, signal) {
      const asked = wanted.map(({ owner = ACCOUNT_TRIE, path, hash }) => {
        return { account: owner, path, hash }
      })
      const found: (Uint8Array | undefined)[] = asked.map(() => undefined)
      for (;;) {
        const left = found.flatMap((node, at) => (node === undefined ? [at] : []))
        if (left.length === 0) return found
        const answer = await ask(async (peer, inner) => {
          const nodes = await peers.nodes(
            peer,
            root,
            left.map((at) => asked[at]!),
            inner
          )
          return nodes.some((node) => node !== undefined) ? nodes : undefined
        }, signal)
        if (answer === undefined) return found
        for (const [index, node] of answer.entries()) found[left[index]!] = node
      }
    },
    code: (codeHash, signal) =>
      ask(async (peer, inner) => {
        const codes = await peers.codes(peer, [codeHash], inner)
        return codes.find((code) => equalBytes(keccak256(code), codeHash))
      }, signal)
  }
}
