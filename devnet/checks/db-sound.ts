// What nodes left on disk is whole: links, signatures, state and record (invariants 1, 4 and 7).
import { type Hex } from '../../src/base/bytes.ts'
import { type CheckResult } from '../cluster/report.ts'
import { type StoredChain } from './stored-chain.ts'
import { type StoredJournal } from './stored-journal.ts'
import { type StoredNode } from './stored-node.ts'
import { type StoredRecord } from '../cluster/stored-record.ts'
import { type StoredState } from './stored-state.ts'

/** The chain that all nodes have to be of. */
export interface ExpectedChain {
  readonly genesisHash: Hex
  readonly signer: Hex
}

/** Every node's files are looked at; the first thing that is not sound is the detail. */
export function checkDbSound(nodes: readonly StoredNode[], expected: ExpectedChain): CheckResult {
  const name = 'db-sound'
  if (nodes.length === 0) return { name, ok: false, detail: 'no data directory was looked at' }
  for (const node of nodes) {
    const problem = findProblem(node, expected)
    if (problem !== undefined) return { name, ok: false, detail: `${node.name}: ${problem}` }
  }
  const blocksCount = nodes.reduce((sum, { chain }) => sum + blocksIn(chain), 0)
  const detail = `${String(nodes.length)} data directories, ${String(blocksCount)} blocks: links, signatures, state`
  return { name, ok: true, detail }
}

function blocksIn(chain: StoredNode['chain']): number {
  return 'read' in chain ? chain.read.blocks.length : 0
}

function findProblem(node: StoredNode, expected: ExpectedChain): string | undefined {
  const { chain, state, journal } = node
  if ('fault' in chain) return `invariant 7 broke: its chain cannot be read: ${chain.fault}`
  if ('fault' in state) return `invariant 4 broke: its state cannot be read: ${state.fault}`
  if ('fault' in journal) return `invariant 4 broke: its journal cannot be read: ${journal.fault}`
  return (
    findChainProblem(chain.read, expected) ??
    findStateProblem(state.read, chain.read) ??
    findStopProblem(node, { state: state.read, journal: journal.read }, chain.read) ??
    findRecordProblem(node, chain.read, expected)
  )
}

function findChainProblem(
  { head, blocks }: StoredChain,
  { genesisHash }: ExpectedChain
): string | undefined {
  const last = blocks.at(-1)
  if (last === undefined) return 'invariant 7 broke: there is no canonical block'
  if (blocks[0]!.hash !== genesisHash) return `invariant 7 broke: genesis is ${blocks[0]!.hash}`
  if (last.hash !== head.hash || last.number !== head.number) {
    const place = `the head ${String(head.number)} ${head.hash}`
    return `invariant 7 broke: ${place} is not the end of the chain, ${String(last.number)} is`
  }
  for (const [at, block] of blocks.entries()) {
    const { number, hash, headerHash, headerNumber, parentHash, message } = block
    const which = `invariant 4 broke: block ${String(number)} (${hash})`
    if (headerHash !== hash) return `${which} has a header that hashes to ${headerHash}`
    if (headerNumber !== number) return `${which} has a header of height ${String(headerNumber)}`
    if (at > 0 && parentHash !== blocks[at - 1]!.hash) return `${which} builds on ${parentHash}`
    if (number === 0) continue
    if (message === 'none') return `${which} has no signed message`
    if ('fault' in message) return `${which}: its message proves nothing: ${message.fault}`
    if (message.proves !== hash) return `${which}: its message is of ${message.proves}`
  }
  return undefined
}

function findStateProblem(
  state: StoredState | undefined,
  { blocks }: StoredChain
): string | undefined {
  if (state === undefined) return 'invariant 4 broke: there is no state'
  const { number, hash, root, fault } = state
  const which = `invariant 4 broke: the state of block ${String(number)} (${hash})`
  if (fault !== undefined) return `${which} is damaged: ${fault}`
  const block = blocks.find((one) => one.hash === hash)
  if (block?.number !== number) return `${which} is of no canonical block`
  if (block.stateRoot !== root) return `${which} has root ${root}, its header ${block.stateRoot}`
  return undefined
}

/** A clean stop leaves the head's state: in the database, or in the journal of that state. */
function findStopProblem(
  { wasStopped }: StoredNode,
  {
    state,
    journal
  }: { readonly state: StoredState | undefined; readonly journal: StoredJournal | undefined },
  { head, blocks }: StoredChain
): string | undefined {
  if (!wasStopped || state?.hash === head.hash) return undefined
  const which = `invariant 4 broke: a clean stop at block ${String(head.number)}`
  if (journal === undefined)
    return `${which} left the state of ${String(state?.number)}, no journal`
  const { diskHash, tip, fault } = journal
  if (fault !== undefined) return `${which} left a damaged journal: ${fault}`
  if (diskHash !== state?.hash) return `${which} left a journal of ${String(diskHash)}`
  const stateRoot = blocks.at(-1)?.stateRoot
  if (tip?.hash !== head.hash || tip.root !== stateRoot) {
    return `${which} left a journal up to ${String(tip?.number)} (${String(tip?.root)})`
  }
  return undefined
}

function findRecordProblem(
  { wasStopped, record: stored }: StoredNode,
  { blocks }: StoredChain,
  { genesisHash, signer }: ExpectedChain
): string | undefined {
  if (stored === undefined) return undefined
  if ('fault' in stored) return `invariant 1 broke: its record cannot be read: ${stored.fault}`
  const record = stored.read
  // A killed process may leave its last entry half written, a stopped one may not.
  if (record.end !== 'whole' && (wasStopped || record.end !== 'torn'))
    return `invariant 1 broke: its record ends ${record.end}`
  if (record.signer !== signer || record.genesisHash !== genesisHash) {
    return `invariant 1 broke: its record is of ${record.signer} on ${record.genesisHash}`
  }
  const canonical = new Map(blocks.map(({ number, hash }) => [number, hash]))
  return findOrderProblem(record) ?? findStrayHeight(record, canonical)
}

/** Heights rise, so that each has one hash; only a release takes them back. */
function findOrderProblem({ heights }: StoredRecord): string | undefined {
  let last: { readonly number: number; readonly hash: Hex } = { number: -1, hash: '0x' }
  for (const entry of heights) {
    const { kind, number, hash } = entry
    const isAgain = kind === 'adopted' && number === last.number && hash === last.hash
    if (kind !== 'released' && number <= last.number && !isAgain) {
      const place = `height ${String(number)} (${hash}) after ${String(last.number)} (${last.hash})`
      return `invariant 1 broke: its record has ${place}`
    }
    last = entry
  }
  return undefined
}

/** What was signed and not released is canonical, up to the head. */
function findStrayHeight(
  { heights }: StoredRecord,
  canonical: ReadonlyMap<number, Hex>
): string | undefined {
  if (heights.some(({ kind }) => kind === 'released')) return undefined
  for (const { number, hash } of heights) {
    const block = canonical.get(number)
    if (block === undefined || block === hash) continue
    return `invariant 2 broke: its record has ${hash} at height ${String(number)}, its chain ${block}`
  }
  return undefined
}
