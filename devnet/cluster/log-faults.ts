// Who blamed whom: what nodes wrote into their logs about their peers.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

/** Events with which a node says that a peer is at fault, or does what it does to one that is. */
const FAULT_EVENTS = ['gossip-rejected', 'peer-false', 'peer-fault', 'peer-banned', 'peer-benched']

const entrySchema = z.looseObject({ event: z.string(), peer: z.string().optional() })

/** One line of blame. */
export interface LogFault {
  readonly event: string
  readonly peer: string | undefined
}

/** Every fault that a node's log names, over all its starts. Lines that are no JSON are stack traces. */
export async function readLogFaults(logFile: string): Promise<readonly LogFault[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n')
  return lines.flatMap((line) => {
    if (!FAULT_EVENTS.some((event) => line.includes(event))) return []
    const { success, data } = entrySchema.safeParse(parseLine(line))
    if (!success || !FAULT_EVENTS.includes(data.event)) return []
    return [{ event: data.event, peer: data.peer }]
  })
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
