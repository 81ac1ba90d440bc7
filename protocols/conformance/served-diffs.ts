// State diffs out of answers: decoded, or with the rule that they break.
import { ProtocolError } from '../protocol-error.ts'
import { STATE_DIFFS_BY_RANGE } from '../state-diffs-by-range/codec.ts'
import { type RangeRequest } from '../range-request.ts'
import { type StateDiffFailure } from '../state-diffs-by-range/state-diff-error.ts'
import { decodeStateDiff } from '../state-diffs-by-range/state-diff-codec.ts'
import { codeHashesOf, type StateDiff } from '../state-diffs-by-range/state-diff.ts'
import { keccak256 } from './block-maker.ts'
import { type Answer, contentOf } from './frames.ts'

/** One diff that the node served. */
export interface ServedDiff {
  readonly what: string
  readonly version: number
  readonly sizeBytes: number
  /** Undefined where it breaks a rule of its form. */
  readonly diff: StateDiff | undefined
  /** That rule, and what is wrong. */
  readonly broken: { readonly rule: string; readonly reason: string } | undefined
}

/** Which rule each failure of the codec is of. */
const RULE_OF: Readonly<Record<StateDiffFailure['code'], string>> = {
  'diff-size-invalid': 'SD-5',
  'diff-too-large': 'SD-4',
  'offset-invalid': 'SD-5',
  'too-many-items': 'SD-5',
  'length-invalid': 'SD-5',
  'boolean-invalid': 'SD-5',
  'number-invalid': 'SD-6',
  'accounts-unsorted': 'SD-7',
  'slots-unsorted': 'SD-7',
  'codes-unsorted': 'SD-7',
  'deletion-incomplete': 'SD-8',
  'value-untrimmed': 'SD-9',
  'slot-deleted-twice': 'SD-9'
}

/** The bytes of a request. */
export function diffRequest(request: RangeRequest): Uint8Array {
  return STATE_DIFFS_BY_RANGE.request.encode(request)
}

/** The diffs of one answer. */
export function diffsOf(answer: Answer | undefined): readonly ServedDiff[] {
  if (answer === undefined) return []
  return answer.frames.flatMap((frame) => {
    const content = frame.result === 0 ? contentOf(frame) : undefined
    if (content === undefined) return []
    const served = { what: answer.what, version: frame.version, sizeBytes: content.length }
    return [{ ...served, ...read(content) }]
  })
}

function read(bytes: Uint8Array): Pick<ServedDiff, 'diff' | 'broken'> {
  try {
    const diff = decodeStateDiff(bytes)
    codeHashesOf(diff, keccak256)
    return { diff, broken: undefined }
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown
    const failure = thrown.failure as StateDiffFailure
    const isEmpty = failure.code === 'length-invalid' && ['code', 'receipt'].includes(failure.field)
    const rule = isEmpty ? 'SD-11' : RULE_OF[failure.code]
    return { diff: undefined, broken: { rule, reason: thrown.message } }
  }
}
