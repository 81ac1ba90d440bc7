// What a node says of its latest recovery and of its history in `rekindle_recovery`, read as a client reads it.
import { z } from 'zod'
import { callRpc } from './rpc-client.ts'

const stageSchema = z.looseObject({
  name: z.string(),
  items: z.number(),
  peers: z.array(z.string())
})
const recoverySchema = z.looseObject({
  /** Only of a node that joined further up, while blocks below are missing. */
  history: z.looseObject({ oldestBlock: z.unknown() }).nullish(),
  last: z.looseObject({ stages: z.array(stageSchema) }).nullish()
})

/** The oldest block of a node that has not all of them; undefined when it has. Throws for an answer that is none. */
export async function readOldestBlock(url: string): Promise<string | undefined> {
  const { history } = await readRecovery(url)
  return history ? String(history.oldestBlock) : undefined
}

/** The stages of the last finished recovery; none before the first. */
export async function readStages(url: string): Promise<readonly z.infer<typeof stageSchema>[]> {
  return (await readRecovery(url)).last?.stages ?? []
}

async function readRecovery(url: string): Promise<z.infer<typeof recoverySchema>> {
  return recoverySchema.parse(await callRpc(url, 'rekindle_recovery'))
}
