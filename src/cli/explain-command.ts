// `rekindle explain CODE`: what a code in an error, a log line or a status means, and what is safe to do.
import { closestName } from '../config/closest-name.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { EXPLAINED_CODES, explanationOf } from './explanations.ts'
import { plainLine } from '../config/plain-line.ts'

/** Prints the explanation of one code, or all codes when none is named. Returns the exit code. */
export function explainCode(
  code: string | undefined,
  io: Pick<CommandIo, 'print' | 'complain'>
): number {
  if (code === undefined) {
    io.print(`${EXPLAINED_CODES.join('\n')}\n`)
    return EXIT_CODE.good
  }
  const explanation = explanationOf(code)
  if (explanation === undefined) {
    const closest = closestName(code, EXPLAINED_CODES)
    const hint =
      closest === undefined ? 'rekindle explain lists them all' : `did you mean ${closest}?`
    const quoted = plainLine(JSON.stringify(code))
    io.complain(`rekindle: ${quoted} is no error code of this version; ${hint}\n`)
    return EXIT_CODE.badUsage
  }
  const { meaning, safe } = explanation
  io.print(`${code}\n\n  ${meaning}\n\n  What is safe to do: ${safe}\n`)
  return EXIT_CODE.good
}
