// The table of gossip's verdicts: message, clock and what came before, with the verdict and the rule that decides.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { unpack } from '../../../protocols/gossip/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../../protocols/gossip/parameters.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { MessageError, verifyBlockMessage } from '../../../src/chain/blocks/verify-message.ts'
import { type Verdict } from '../../../src/gossip/block-gossip.ts'
import { createBlockValidator, type Validation } from '../../../src/gossip/block-validation.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { projectPath } from '../../support/project-root.ts'
import { fromHex } from '../../support/protocol-vectors.ts'

interface Row {
  /** Group and name in op-node-verdicts.json. */
  readonly message: string
  readonly preset: 'op' | 'opbnb'
  readonly clockSeconds: number
  readonly before: readonly string[]
  readonly signers: 'one' | 'two'
  readonly verdict: Verdict
  readonly rule: string | null
}

interface Messages {
  readonly chainId: number
  readonly signer: Hex
  readonly otherSigner: Hex
  readonly otherSignerUntil: number
  readonly blocks: Readonly<Record<string, string>>
  readonly messages: readonly {
    readonly group: string
    readonly name: string
    readonly version: TopicVersion
    readonly hex: string
  }[]
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(projectPath('protocols', 'gossip', name), 'utf8'))
const { rows } = read('decisions.json') as { readonly rows: readonly Row[] }
const source = read('op-node-verdicts.json') as Messages
const page = readFileSync(projectPath('protocols', 'gossip', 'README.md'), 'utf8')

/** The rules by what this implementation calls the reason; where one reason is of several rules, by its detail. */
const RULES: readonly (readonly [rule: string, ...reasons: (string | RegExp)[]])[] = [
  ['GO-7', 'snappy-invalid', /^(?:de)?compressed-too-/],
  [
    'GO-9',
    'signature-unrecoverable',
    'signer-not-scheduled',
    'message-malformed recovery-id-invalid'
  ],
  ['GO-10', /^message-malformed/],
  ['GO-11', 'too-old', 'too-early'],
  ['GO-12', 'block-hash-false'],
  ['GO-13', 'withdrawals-not-empty', 'block-number-too-large', 'blob-field-not-zero excessBlobGas'],
  ['GO-14', 'repeat'],
  ['GO-15', 'too-many-at-height'],
  ['GO-20', 'signer-of-other-heights'],
  ['GO-21', 'transaction-empty', 'blob-field-not-zero blobGasUsed'],
  ['GO-22', 'block-number-zero']
]

function judge({ message, preset, clockSeconds, before, signers }: Row) {
  const { chainId, signer, otherSigner, otherSignerUntil, blocks, messages } = source
  const found = messages.find(({ group, name }) => `${group}: ${name}` === message)
  assert.ok(found !== undefined, message)
  const schedule = createSignerSchedule(
    signers === 'one'
      ? [{ fromBlock: 0n, address: signer }]
      : [
          { fromBlock: 0n, address: otherSigner },
          { fromBlock: BigInt(otherSignerUntil), address: signer }
        ]
  )
  let detail = ''
  const validator = createBlockValidator(
    {
      clock: createManualClock({ startMs: clockSeconds * 1_000 }),
      verify(version, bytes) {
        try {
          return verifyBlockMessage({ chainId: BigInt(chainId), schedule }, version, bytes)
        } catch (thrown) {
          if (thrown instanceof MessageError) detail = detailOf(thrown)
          throw thrown
        }
      }
    },
    preset === 'op' ? OP_PRESET : OPBNB_PRESET
  )
  for (const name of before) validator.validate(found.version, unpack(fromHex(blocks[name] ?? '')))
  detail = ''
  const validation = validator.validate(found.version, unpack(fromHex(found.hex)))
  return { verdict: validation.verdict, rule: ruleOf(validation, detail) }
}

function detailOf({ failure }: MessageError): string {
  if (failure.code === 'message-malformed') return failure.reason
  return failure.code === 'blob-field-not-zero' ? failure.field : ''
}

function ruleOf(validation: Validation, detail: string): string | null {
  if (validation.verdict === 'accept') return null
  const reason = `${validation.reason} ${detail}`.trim()
  const found = RULES.find(([, ...reasons]) =>
    reasons.some((one) => (typeof one === 'string' ? one === reason : one.test(reason)))
  )
  return found?.[0] ?? `no rule for ${reason}`
}

describe('the table of gossip’s verdicts', () => {
  it('has each verdict, each rule of validation but that of a node without signers, and both presets', () => {
    const rules = new Set(rows.map(({ rule }) => rule))
    assert.deepEqual(rules, new Set([null, ...RULES.map(([rule]) => rule)]))
    assert.deepEqual(new Set(rows.map(({ preset }) => preset)), new Set(['op', 'opbnb']))
  })

  it('gives the verdict that the page gives the rule', () => {
    for (const { rule, verdict, message } of rows) {
      if (rule === null) continue
      const text = new RegExp(
        String.raw`^(?:- \*\*|\| )${rule}(?:\*\*| \|)[^]*?(?:REJECT|IGNORE)`,
        'm'
      ).exec(page)?.[0]
      assert.equal(text?.slice(-6).toLowerCase(), verdict, `${message}: ${rule}`)
    }
  })

  for (const row of rows) {
    const { message, preset, clockSeconds, before, verdict, rule } = row
    const when = `${preset}, ${String(clockSeconds)}, after ${String(before.length)}`
    it(`${message} (${when}): ${verdict}${rule === null ? '' : ` by ${rule}`}`, () => {
      assert.deepEqual(judge(row), { verdict, rule })
    })
  }
})
