// One start of a node in a process of its own, timed.
import { type NodeLayout } from '../../devnet/cluster/cluster-layout.ts'
import { NodeProcess } from '../../devnet/cluster/node-process.ts'

/** Milliseconds from the spawn until the node says that it is ready; it is killed then. */
export async function timeStart(node: NodeLayout, entryFile: string): Promise<number> {
  const { name, configFile, logFile } = node
  const startMs = performance.now()
  const process = NodeProcess.spawn(
    { name, configFile, without: undefined, flags: {} },
    { entryFile, logFile },
    () => undefined
  )
  try {
    await process.untilReady()
    return performance.now() - startMs
  } finally {
    await process.kill()
  }
}
