// An operator's exit: a command that gives up blocks by name, on a node that does not run (src/recovery/README.md, "Operator's exits").
import { type Hex } from '../base/bytes.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { type AddressParsers } from '../config/config-checks.ts'
import { type DirectoryFlags, readDirectory } from './db-command.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { toJsonValue } from '../base/json-value.ts'
import { plainLine } from '../config/plain-line.ts'
import { RefusedError, type StoppedNode, withStoppedNode } from './stopped-node.ts'

/** Flags of every exit. */
export interface ExitFlags extends DirectoryFlags {
  readonly confirm: string | undefined
  readonly isJson: boolean
}

/** Where an exit speaks. */
export type ExitIo = Pick<CommandIo, 'print' | 'complain' | 'env' | 'cwd'>

/** What an exit does, and what it says of it in the end. It throws RefusedError before anything is changed. */
export type ExitWork<Flags> = (
  node: StoppedNode,
  flags: Flags,
  say: (line: string) => void
) => Promise<Record<string, unknown>>

/** An exit as a command. It resolves with the exit code: 2 when refused. */
export type OperatorExit<Flags extends ExitFlags> = (
  flags: Flags,
  parsers: AddressParsers,
  io: ExitIo
) => Promise<number>

/** Blocks that a result names; of more it says how many they are. */
const SET_ASIDE_NAMED_MAX = 20

/** The command that does an exit's work on the node that the config names. */
export function operatorExit<Flags extends ExitFlags>(work: ExitWork<Flags>): OperatorExit<Flags> {
  return async (flags, parsers, io) => {
    const say = (line: string) => {
      io.complain(`${plainLine(line)}\n`)
    }
    try {
      const named = await readDirectory(flags, parsers, io)
      const done = await withStoppedNode(named, (node) => work(node, flags, say))
      const fields = toJsonValue(done) as Record<string, unknown>
      io.print(flags.isJson ? `${JSON.stringify(fields)}\n` : formatFields(fields))
      return EXIT_CODE.good
    } catch (thrown) {
      if (thrown instanceof RefusedError) {
        say(`rekindle: refused, and nothing was changed: ${thrown.message}`)
        return EXIT_CODE.badUsage
      }
      for (const line of failureLines(thrown)) io.complain(`${line}\n`)
      return startExitCode(thrown)
    }
  }
}

/** What was given up, as a result says it. */
export function setAsideFields(givenUp: readonly BlockRef[]) {
  return { setAsideCount: givenUp.length, setAside: givenUp.slice(0, SET_ASIDE_NAMED_MAX) }
}

/** A block hash as a flag gives it. */
export function hashFlag(flag: string, text: string | undefined): Hex {
  if (text !== undefined && /^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex
  const given = text === undefined ? 'is missing' : `${JSON.stringify(text)} is none`
  throw new RefusedError(`--${flag} must be a block hash, 0x and 64 hex digits: it ${given}`)
}

/** A height as a flag gives it. */
export function heightFlag(flag: string, text: string | undefined): bigint {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return BigInt(text)
  const given = text === undefined ? 'is missing' : `${JSON.stringify(text)} is none`
  throw new RefusedError(`--${flag} must be a block number: it ${given}`)
}

/** `12 (0x…)`, or how many there are and which are the ends. */
export function nameBlocks(blocks: readonly BlockRef[]): string {
  const sorted = [...blocks].sort((a, b) => Number(a.number - b.number))
  const [first] = sorted
  const last = sorted.at(-1)
  if (first === undefined || last === undefined) return 'no block'
  if (sorted.length === 1) return `block ${nameBlock(first)}`
  return `${String(sorted.length)} blocks from ${nameBlock(first)} to ${nameBlock(last)}`
}

/** `12 (0x…)`. */
export function nameBlock({ number, hash }: BlockRef): string {
  return `${number.toString()} (${hash})`
}
