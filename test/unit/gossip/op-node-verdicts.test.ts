// Mutated gossip messages: our verdicts and message ids against op-node's own, with every difference on the page.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import {
  messageId,
  unpack,
  unpackedMessageId,
  unpackInSlices
} from '../../../protocols/gossip/codec.ts'
import { OP_PRESET } from '../../../protocols/gossip/parameters.ts'
import { blocksTopic } from '../../../protocols/gossip/topic.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../../src/chain/blocks/verify-message.ts'
import { type Verdict } from '../../../src/gossip/block-gossip.ts'
import { createBlockValidator } from '../../../src/gossip/block-validation.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { projectPath } from '../../support/project-root.ts'
import { fromHex, toHex } from '../../support/protocol-vectors.ts'

interface Message {
  readonly group: string
  readonly name: string
  readonly version: TopicVersion
  /** A change of the signer came before; `in grace` says that op-node still knows the signer before. */
  readonly previousSigner?: 'in grace' | 'former'
  /** Names of blocks that are judged first. */
  readonly before?: readonly string[]
  readonly hex: string
  readonly id: string
  readonly opNode: Verdict
  /** Of op-node, by file. */
  readonly rule: string
  /** Where it differs, with the rule of the page. */
  readonly ours?: Verdict
  readonly difference?: string
}

interface Verdicts {
  readonly chainId: number
  readonly signer: Hex
  readonly otherSigner: Hex
  readonly otherSignerUntil: number
  readonly nowSeconds: number
  readonly blocks: Readonly<Record<string, string>>
  readonly messages: readonly Message[]
}

const verdicts = JSON.parse(
  readFileSync(projectPath('protocols', 'gossip', 'op-node-verdicts.json'), 'utf8')
) as Verdicts
const page = readFileSync(projectPath('protocols', 'gossip', 'README.md'), 'utf8')
const chainId = BigInt(verdicts.chainId)

describe('verdicts of op-node', () => {
  it('are of a hundred messages and more, each with its rule', () => {
    assert.ok(verdicts.messages.length >= 100)
    for (const { name, rule } of verdicts.messages) assert.match(rule, /\.go/, name)
    assert.ok(page.includes(`holds ${String(verdicts.messages.length)} messages`))
  })

  for (const message of verdicts.messages) {
    const { group, name, version, id, opNode, ours = opNode } = message
    it(`${group}: "${ours}" to ${name}`, async () => {
      const topic = blocksTopic(chainId, version)
      assert.equal(toHex(messageId(sha256, topic, fromHex(message.hex))), id)
      const sliced = await unpackInSlices(fromHex(message.hex), () => undefined)
      assert.equal(toHex(unpackedMessageId(sha256, topic, sliced)), id)
      assert.equal(judge(message).verdict, ours)
    })
  }

  it('differ from ours only as the page says, and in all that it says', () => {
    const differing = verdicts.messages.filter(({ ours, opNode }) => (ours ?? opNode) !== opNode)
    const named = page
      .slice(page.indexOf('### Differences from op-node'), page.indexOf('### Work for strangers'))
      .split('\n')
      .flatMap((row) => (/^\|.*\| (GO-\d+):/.exec(row) ?? []).slice(1))
    const differences = new Set(differing.map(({ difference }) => difference))
    assert.deepEqual([...differences].toSorted(), [...new Set(named)].toSorted())
    for (const { ours } of differing) assert.equal(ours, 'ignore')
  })
})

function judge({ version, previousSigner, before = [], hex }: Message) {
  const { signer, otherSigner, otherSignerUntil, nowSeconds, blocks } = verdicts
  const others = [
    { fromBlock: 0n, address: otherSigner },
    { fromBlock: BigInt(otherSignerUntil), address: signer }
  ]
  const one = [{ fromBlock: 0n, address: signer }]
  const schedule = createSignerSchedule(previousSigner === undefined ? one : others)
  const validator = createBlockValidator(
    {
      clock: createManualClock({ startMs: nowSeconds * 1_000 }),
      verify: (at, message) => verifyBlockMessage({ chainId, schedule }, at, message)
    },
    OP_PRESET
  )
  for (const block of before) validator.validate(version, unpack(fromHex(blocks[block] ?? '')))
  return validator.validate(version, unpack(fromHex(hex)))
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
