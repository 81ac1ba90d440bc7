// What happens in a cluster, in lines for people: which moments get one, and in which words and colour.
import { type CheckResult, type TimelineEntry } from '../cluster/report.ts'

/** What a line is about; a terminal shows it in a colour. */
export type Tone = 'plain' | 'dim' | 'good' | 'bad' | 'bold'

/** A line without its time. */
export interface ProgressLine {
  readonly tone: Tone
  readonly text: string
}

const NODE_WIDTH = 10
const TONE_CODE: Readonly<Record<Tone, string>> = {
  plain: '',
  dim: '\u001b[2m',
  good: '\u001b[32m',
  bad: '\u001b[31m',
  bold: '\u001b[1m'
}
const RESET = '\u001b[0m'

/** Turns moments into lines; remembers what it has said, so that nothing is said twice in a row. */
export class ProgressLines {
  readonly #hasColor: boolean
  /** Heights by hash, for "builds on". */
  readonly #numbers = new Map<string, number>()
  #heldHash: string | undefined
  /** The block that the sequencer stood at when it was killed. */
  #lostHash: string | undefined
  #lastStage = ''

  constructor({ hasColor }: { readonly hasColor: boolean }) {
    this.#hasColor = hasColor
  }

  /** Undefined for moments that are for programs. */
  line(entry: TimelineEntry): string | undefined {
    const described = this.#describe(entry)
    if (described === undefined) return undefined
    const seconds = (entry.atMs / 1000).toFixed(1).padStart(7)
    return this.#paint(described.tone, `${seconds}s  ${described.text}`)
  }

  /** One line a check. */
  check({ name, ok, detail }: CheckResult): string {
    const word = ok ? 'holds' : 'BROKE'
    return this.#paint(ok ? 'good' : 'bad', `${word}  ${name.padEnd(22)}${detail}`)
  }

  #paint(tone: Tone, text: string): string {
    const code = this.#hasColor ? TONE_CODE[tone] : ''
    return code === '' ? text : `${code}${text}${RESET}`
  }

  #describe(entry: TimelineEntry): ProgressLine | undefined {
    const { node, event } = entry
    const about = (tone: Tone, text: string) => ({
      tone,
      text: `${node.padEnd(NODE_WIDTH)} ${text}`
    })
    switch (event) {
      case 'heard':
        return this.#describeBlock(entry)
      case 'held':
        return this.#describeHeld(entry)
      case 'stage':
        return this.#describeStage(entry)
      case 'recovered':
        return node === 'sequencer' ? about('good', describeRecovery(entry.recovery)) : undefined
      case 'gate':
        if (node !== 'sequencer' || entry.reason === 'stopping') return undefined
        return entry.open === true
          ? about('good', 'gate open')
          : about('bold', `gate shut: ${String(entry.reason)}`)
      case 'killed':
        if (node === 'sequencer') this.#lostHash = this.#heldHash
        return about('bad', 'killed (SIGKILL)')
      case 'shows':
        return about('plain', `shows ${blockText(entry.block)} to all who ask`)
      case 'failed':
      case 'scenario-failed':
      case 'stop-failed':
      case 'load-failed':
      case 'not-seen':
        return about('bad', `${event.replace('-', ' ')}: ${String(entry.reason)}`)
      case 'scenario':
        return about('bold', `scenario ${String(entry.name)}: ${String(entry.summary)}`)
      case 'token-deployed':
        return about('plain', `token deployed at ${String(entry.address)}`)
      case 'clock-set':
        return about('bold', describeClock(Number(entry.offsetMs)))
      case 'sequencing-asked-for':
        return about('plain', describeStart(entry))
      case 'transfers':
        return about('dim', `${String(entry.sentCount)} transfers sent`)
      case 'started':
      case 'restarted':
      case 'ready':
      case 'stopped':
      case 'cut-off':
      case 'connected':
      case 'silenced':
      case 'listening':
      case 'suspended':
      case 'resumed':
      case 'slow':
      case 'fast-again':
      case 'data-saved':
      case 'data-restored':
      case 'record-lost':
      case 'branch-chosen':
        return about('plain', event.replace('-', ' '))
      default:
        return undefined
    }
  }

  /** The child of the block that was held when its signer died is what all is about. */
  #describeBlock({ number, hash, parentHash }: TimelineEntry): ProgressLine {
    this.#numbers.set(String(hash), Number(number))
    const parent = `${String(this.#numbers.get(String(parentHash)) ?? Number(number) - 1)} ${shortHash(parentHash)}`
    const text = `block ${blockText({ number, hash })} on ${parent}`
    if (parentHash !== this.#lostHash) return { tone: 'dim', text }
    return { tone: 'good', text: `${text}, where the sequencer was killed` }
  }

  #describeHeld({ node, step, block }: TimelineEntry): ProgressLine {
    this.#heldHash = hashOf(block)
    if (this.#heldHash !== undefined) this.#numbers.set(this.#heldHash, numberOf(block))
    const text = `${node.padEnd(NODE_WIDTH)} held: block ${blockText(block)} is ${String(step)}`
    return { tone: 'bold', text }
  }

  #describeStage({ node, stage, items }: TimelineEntry): ProgressLine | undefined {
    if (node !== 'sequencer') return undefined
    const count = Number(items) > 0 ? `: ${String(items)}` : ''
    const text = `${node.padEnd(NODE_WIDTH)} recovery: ${String(stage)}${count}`
    if (text === this.#lastStage) return undefined
    this.#lastStage = text
    return { tone: 'plain', text }
  }
}

function describeRecovery(recovery: unknown): string {
  const { sources, elapsedMs } = recovery as {
    readonly sources: readonly string[]
    readonly elapsedMs: number
  }
  const from = sources.length === 0 ? 'nothing was lost' : `from ${sources.join(', ')}`
  return `recovered in ${(elapsedMs / 1000).toFixed(1)} s: ${from}`
}

function describeClock(offsetMs: number): string {
  if (offsetMs === 0) return 'clock set right'
  return `clock set ${String(Math.abs(offsetMs) / 1000)} s ${offsetMs < 0 ? 'back' : 'forward'}`
}

function describeStart({ hash, refusal }: TimelineEntry): string {
  const outcome = typeof refusal === 'string' ? `refused: ${refusal}` : 'accepted'
  return `told to start sequencing on ${shortHash(hash)}: ${outcome}`
}

function blockText(block: unknown): string {
  return `${String(numberOf(block))} ${shortHash(hashOf(block))}`
}

function hashOf(block: unknown): string | undefined {
  return (block as { readonly hash?: string } | undefined)?.hash
}

function numberOf(block: unknown): number {
  return Number((block as { readonly number?: number } | undefined)?.number)
}

function shortHash(hash: unknown): string {
  const text = String(hash)
  return `${text.slice(0, 8)}…${text.slice(-4)}`
}
