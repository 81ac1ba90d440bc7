// What an operator does by hand in a scenario: reads a conflict, chooses between its branches, starts sequencing.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type Hex } from '../../src/base/bytes.ts'
import { type NodeLayout } from './cluster-layout.ts'
import { callRpc, RpcAnswerError } from './rpc-client.ts'

const COMMAND_FILE = fileURLToPath(new URL('../../bin/rekindle.js', import.meta.url))

const hexSchema = z.custom<Hex>((value) => typeof value === 'string' && value.startsWith('0x'))
const blockSchema = z.looseObject({ hash: hexSchema })
const statusSchema = z.looseObject({
  recovery: z.looseObject({
    conflicts: z.array(z.looseObject({ ours: blockSchema, other: blockSchema })).min(1)
  })
})
const configSchema = z.looseObject({ adminTokenFile: z.string() })
const choiceSchema = z.looseObject({
  head: z.looseObject({ number: z.number() }),
  setAsideCount: z.number()
})

/** What came of a choice between two branches. */
export interface Choice {
  /** Above this height the sequencer's blocks were given up. */
  readonly keptUpTo: number
  readonly setAsideCount: number
}

/** The first conflict that a node's status shows. Throws when it shows none. */
export async function readConflict(
  rpcUrl: string
): Promise<{ readonly ours: Hex; readonly other: Hex }> {
  const { recovery } = statusSchema.parse(await callRpc(rpcUrl, 'rekindle_status'))
  const { ours, other } = recovery.conflicts[0]!
  return { ours: ours.hash, other: other.hash }
}

/** Runs `rekindle db choose` as a process; resolves with what it did. Throws with its words when refused. */
export async function chooseBranch(
  { configFile }: Pick<NodeLayout, 'configFile'>,
  { branch, other }: { readonly branch: Hex; readonly other: Hex }
): Promise<Choice> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[COMMAND_FILE, 'db', 'choose', '--config', configFile, '--json'],
    ...['--branch', branch, '--confirm', other]
  ])
  const { head, setAsideCount } = choiceSchema.parse(JSON.parse(stdout))
  return { keptUpTo: head.number, setAsideCount }
}

/**
 * `admin_startSequencer` with the token of the node's config; resolves with undefined, or with the node's words when
 * it refuses.
 */
export async function startSequencing(
  { configFile, rpcUrl }: Pick<NodeLayout, 'configFile' | 'rpcUrl'>,
  hash: Hex
): Promise<string | undefined> {
  const config: unknown = JSON.parse(await readFile(configFile, 'utf8'))
  const { adminTokenFile } = configSchema.parse(config)
  const token = (await readFile(resolve(dirname(configFile), adminTokenFile), 'utf8')).trim()
  try {
    await callRpc(rpcUrl, 'admin_startSequencer', [hash], { authorization: `Bearer ${token}` })
    return undefined
  } catch (thrown) {
    if (thrown instanceof RpcAnswerError) return thrown.message
    throw thrown
  }
}
