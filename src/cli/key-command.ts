// `rekindle key`: a key made or shown before there is a node, so that a genesis or a peer's config can name it.
import { resolve } from 'node:path'
import { createSigningKey, readSigningKey } from '../signer/key-file.ts'
import { errorMessage } from '../base/node-error.ts'
import { ConfigError } from '../config/config-error.ts'
import { type PeerIdentity } from '../config/start-inputs.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'

/** What makes and reads the key behind a peer id; net/ has it. Both throw an Error that says what is wrong. */
export interface PeerKeyFiles {
  /** Mode 600, over nothing. */
  readonly createPeerKey: (path: string) => Promise<PeerIdentity>
  readonly readPeerKey: (path: string) => Promise<PeerIdentity>
}

/** Flags of one call. */
export interface KeyFlags {
  readonly file: string
  readonly isPeer: boolean
  readonly isJson: boolean
  /** False: the key is only read. */
  readonly isNew: boolean
}

/** Prints the address or the peer id, never the key. Resolves with the exit code. */
export async function runKey(
  { file, isPeer, isJson, isNew }: KeyFlags,
  peerKeys: PeerKeyFiles,
  io: Pick<CommandIo, 'print' | 'complain' | 'cwd'>
): Promise<number> {
  const path = resolve(io.cwd, file)
  try {
    const fields = isPeer
      ? { peerId: await peerIdOf(path, isNew, peerKeys), key: path }
      : { address: await addressOf(path, isNew), key: path }
    io.print(isJson ? `${JSON.stringify(fields)}\n` : formatFields(fields))
    return EXIT_CODE.good
  } catch (thrown) {
    for (const line of failureLines(thrown, 'rekindle key made and showed nothing'))
      io.complain(`${line}\n`)
    return startExitCode(thrown)
  }
}

async function addressOf(path: string, isNew: boolean): Promise<string> {
  const { address } = isNew ? await createSigningKey(path) : await readSigningKey(path)
  return address
}

async function peerIdOf(path: string, isNew: boolean, keys: PeerKeyFiles): Promise<string> {
  const work = isNew ? keys.createPeerKey(path) : keys.readPeerKey(path)
  const { peerId } = await work.catch((thrown: unknown) => {
    const isThere = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST'
    const problem = isThere
      ? 'is there already, and a key is never overwritten'
      : errorMessage(thrown)
    throw new ConfigError([{ key: path, from: undefined, problem }])
  })
  return peerId
}
