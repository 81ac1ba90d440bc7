// The commands that a cluster takes while it stays up: one a line, from a terminal or a pipe.
import { createInterface } from 'node:readline'
import { type Cluster } from '../cluster/cluster.ts'
import { SEQUENCER } from '../cluster/cluster-layout.ts'
import { describeError } from '../cluster/condition.ts'
import { callRpc, readBlock } from '../cluster/rpc-client.ts'
import { readStatus } from '../cluster/status-words.ts'

const HELP = [
  'crash NODE      kill a node with SIGKILL: crash sequencer, crash backup-1',
  'restart [NODE]  start a node that is down; all that are down without a name',
  'partition NODE  cut a node off from every other; once more mends it',
  'status          every node: head, gate, what it does',
  'help            this',
  'quit            stop all nodes and check what they left'
]

/** Where commands come from and answers go. */
export interface PromptIo {
  readonly input: NodeJS.ReadableStream
  /** Where a terminal shows the prompt and the line that is typed; undefined for a pipe. */
  readonly terminal: NodeJS.WritableStream | undefined
  readonly print: (line: string) => void
  /** Ctrl-C at the prompt. */
  readonly onInterrupt: () => void
}

/** What the commands do, and whom they ask. */
export type PromptCluster = Pick<
  Cluster,
  'names' | 'node' | 'isAlive' | 'kill' | 'start' | 'isCut' | 'cut' | 'mend'
>

/** A prompt that is shown. */
export interface Prompt {
  /** Resolves at `quit`, at the end of a terminal's input, or when the signal aborts. */
  readonly ended: Promise<void>
  /** Shows the prompt again, after a line was printed over it. */
  refresh(): void
}

/** Takes commands one after another. The end of a pipe does not end the cluster: a signal does. */
export function openPrompt(
  cluster: PromptCluster,
  { input, terminal, print, onInterrupt }: PromptIo,
  signal: AbortSignal
): Prompt {
  const isTerminal = terminal !== undefined
  const lines = createInterface({
    input,
    terminal: isTerminal,
    ...(isTerminal && { output: terminal })
  })
  lines.setPrompt('devnet> ')
  let done: Promise<void> = Promise.resolve()
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      lines.close()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    lines.on('SIGINT', onInterrupt)
    if (isTerminal) lines.on('close', end)
    lines.on('line', (line) => {
      done = done.then(async () => {
        if (signal.aborted) return
        if (line.trim() === 'quit') end()
        else for (const answer of await runCommand(cluster, line, signal)) print(answer)
        if (isTerminal && line.trim() !== 'quit') lines.prompt()
      })
    })
  })
  if (isTerminal) lines.prompt()
  return {
    ended,
    refresh() {
      if (isTerminal && !signal.aborted) lines.prompt(true)
    }
  }
}

/** Answers of one command; what goes wrong is an answer too. */
async function runCommand(
  cluster: PromptCluster,
  line: string,
  signal: AbortSignal
): Promise<readonly string[]> {
  const [command = '', ...names] = line.trim().split(/\s+/)
  const unknown = names.find((name) => !cluster.names.includes(name))
  if (unknown !== undefined) return [`there is no node ${unknown}: ${cluster.names.join(', ')}`]
  try {
    switch (command) {
      case '':
        return []
      case 'crash':
        return await crash(cluster, names)
      case 'restart':
        return await restart(cluster, names, signal)
      case 'partition':
        return await partition(cluster, names, signal)
      case 'status':
        return await Promise.all(cluster.names.map((name) => describeNode(cluster, name)))
      case 'help':
        return HELP
      default:
        return [`"${command}" is no command; "help" lists them`]
    }
  } catch (thrown) {
    return [`${command}: ${describeError(thrown)}`]
  }
}

async function crash(cluster: PromptCluster, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [`crash whom? ${cluster.names.join(', ')}`]
  for (const name of names) {
    if (!cluster.isAlive(name)) return [`${name} is down already`]
    await cluster.kill(name)
  }
  return []
}

async function restart(
  cluster: PromptCluster,
  names: readonly string[],
  signal: AbortSignal
): Promise<readonly string[]> {
  const wanted = names.length > 0 ? names : cluster.names
  const down = wanted.filter((name) => !cluster.isAlive(name))
  if (down.length === 0) return [names.length > 0 ? 'it is running' : 'all nodes are running']
  await Promise.all(down.map((name) => cluster.start(name, signal)))
  return []
}

/** What is cut off is mended, what is not is cut off. */
async function partition(
  cluster: PromptCluster,
  names: readonly string[],
  signal: AbortSignal
): Promise<readonly string[]> {
  if (names.length === 0) return [`partition whom? ${cluster.names.join(', ')}`]
  for (const name of names) {
    if (!cluster.isCut(name)) cluster.cut(name)
    else await cluster.mend(name, signal)
  }
  return []
}

async function describeNode(cluster: PromptCluster, name: string): Promise<string> {
  const title = name.padEnd(11)
  if (!cluster.isAlive(name)) return `${title}down`
  const wires = cluster.isCut(name) ? '  cut off' : ''
  try {
    const { rpcUrl } = cluster.node(name)
    const head = await readBlock(rpcUrl, 'latest')
    const words = readStatus(await callRpc(rpcUrl, 'rekindle_status'))
    const place = `head ${String(head?.number)} ${head?.hash ?? ''}  ${rpcUrl}${wires}`
    if (name !== SEQUENCER || words === undefined) return `${title}${place}`
    if (words.isGateOpen) return `${title}${place}  gate open`
    return `${title}${place}  gate shut: ${words.reason ?? ''}, ${words.work.join(', ')}`
  } catch (thrown) {
    return `${title}does not answer: ${describeError(thrown)}`
  }
}
