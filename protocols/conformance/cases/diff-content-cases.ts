// SD: what the block of a diff says of it. The suite has no state, so the roots that need one are not computed.
import { RLP } from '@ethereumjs/rlp'
import { type ExecutionPayload } from '../../block-message/codec.ts'
import { type StateDiff } from '../../state-diffs-by-range/state-diff.ts'
import { orderedRoot, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { messagesOf } from '../served-messages.ts'
import { type Subject } from '../subject.ts'
import { expectRule, expectSeen } from '../verdict.ts'
import { takeDiffs } from './diff-cases.ts'

const BLOOM_BYTES = 256
/** EIP-2718: smaller first bytes name a type, larger ones begin an RLP list. */
const TYPE_MAX = 0x7f

/** Cases in which a diff is held against its block. */
export const DIFF_CONTENT_CASES: readonly ConformanceCase[] = [
  onBlocks(
    'SD-16',
    'names the hash and the state root of its block, and the state root of the parent',
    {
      what: 'block whose diff, and parent, came too',
      isSeenIn: (_, parent) => parent !== undefined
    },
    checkNames
  ),
  onBlocks(
    'SD-17',
    'sends receipts that give the fields of the header',
    {
      what: 'block with transactions whose diff came too',
      isSeenIn: ({ transactions }) => transactions.length > 0
    },
    checkReceipts
  ),
  {
    id: 'SD-18 roots',
    rules: ['SD-18'],
    title: 'lists an account where, and only where, the state root is another than the parent’s',
    run: async (subject) => {
      let seenCount = 0
      for (const { diff } of takeDiffs(subject)) {
        if (diff === undefined) continue
        seenCount++
        const isChanged = toHex(diff.stateRoot) !== toHex(diff.parentStateRoot)
        const { length } = diff.accounts
        const seen = `block ${String(diff.number)} changes ${String(length)} accounts`
        expectRule(isChanged === length > 0, `${seen}, its state root ${isChanged ? '' : 'not '}`)
      }
      expectSeen(seenCount, 'no diff decodes')
    }
  }
]

type Check = (
  diff: StateDiff,
  payload: ExecutionPayload,
  parent: ExecutionPayload | undefined
) => Promise<string | false> | string | false

/** What a rule shows in. */
interface Shown {
  readonly what: string
  readonly isSeenIn: (payload: ExecutionPayload, parent: ExecutionPayload | undefined) => boolean
}

function onBlocks(
  rule: string,
  title: string,
  { what, isSeenIn }: Shown,
  check: Check
): ConformanceCase {
  return {
    id: `${rule} block`,
    rules: [rule],
    title,
    run: async (subject) => {
      const payloads = payloadsOf(subject)
      let seenCount = 0
      for (const { diff } of takeDiffs(subject)) {
        const payload = diff && payloads.get(diff.number)
        if (diff === undefined || payload === undefined) continue
        const parent = payloads.get(payload.blockNumber - 1n)
        const problem = await check(diff, payload, parent)
        expectRule(problem === false, `block ${String(payload.blockNumber)}: ${String(problem)}`)
        if (isSeenIn(payload, parent)) seenCount++
      }
      expectSeen(seenCount, `no ${what} came`)
    }
  }
}

function payloadsOf({ survey }: Subject): ReadonlyMap<bigint, ExecutionPayload> {
  const messages = messagesOf(survey.ranges.get('all'))
  return new Map(
    messages.flatMap(({ block }) =>
      block === undefined ? [] : [[block.payload.blockNumber, block.payload] as const]
    )
  )
}

function checkNames(
  { blockHash, stateRoot, parentStateRoot }: StateDiff,
  payload: ExecutionPayload,
  parent: ExecutionPayload | undefined
): string | false {
  for (const [what, named, due] of [
    ['block hash', blockHash, payload.blockHash],
    ['state root', stateRoot, payload.stateRoot],
    ['parent state root', parentStateRoot, parent?.stateRoot ?? parentStateRoot]
  ] as const) {
    if (toHex(named) !== toHex(due)) return `${what} ${toHex(named)}, not ${toHex(due)}`
  }
  return false
}

async function checkReceipts(
  { receipts }: StateDiff,
  payload: ExecutionPayload
): Promise<string | false> {
  const { transactions, receiptsRoot, logsBloom, gasUsed } = payload
  if (receipts.length !== transactions.length) {
    return `${String(receipts.length)} receipts of ${String(transactions.length)} transactions`
  }
  if (toHex(await orderedRoot(receipts)) !== toHex(receiptsRoot)) return 'another receipts root'
  const bloom = new Uint8Array(BLOOM_BYTES)
  let usedGas = 0n
  for (const receipt of receipts) {
    const fields = receiptFields(receipt)
    if (fields === undefined) return 'a receipt that does not decode'
    usedGas = fields.cumulativeGas
    for (const [at, byte] of fields.bloom.entries()) bloom[at]! |= byte
  }
  if (toHex(bloom) !== toHex(logsBloom)) return 'another bloom'
  return usedGas !== gasUsed && `gas ${String(usedGas)}, not ${String(gasUsed)}`
}

function receiptFields(
  receipt: Uint8Array
): { readonly cumulativeGas: bigint; readonly bloom: Uint8Array } | undefined {
  try {
    const fields = RLP.decode((receipt[0] ?? 0) <= TYPE_MAX ? receipt.subarray(1) : receipt)
    const [, gas, bloom] = Array.isArray(fields) ? fields : []
    if (!(gas instanceof Uint8Array) || !(bloom instanceof Uint8Array)) return undefined
    if (bloom.length !== BLOOM_BYTES) return undefined
    return { cumulativeGas: BigInt(gas.length === 0 ? 0 : toHex(gas)), bloom }
  } catch {
    return undefined
  }
}
