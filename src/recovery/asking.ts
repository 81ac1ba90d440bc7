// Asking peers for their tips, and taking in what they show.
import { type SignedBlock } from '../chain/blocks/block.ts'
import { type RecoveryDeps } from './recovery.ts'
import { askRound } from './knowledge/tips.ts'
import { type Waker } from './waker.ts'

/** While the gate is open, whoever could not answer is asked again after so long. */
const SILENT_ASK_MS = 30_000

/** One round over everybody who is connected; what is shown above our head, or beside our chain, is accepted and noted. */
export async function askEverybody(deps: RecoveryDeps, signal: AbortSignal): Promise<void> {
  const { clock, chain, askTip, peers, knowledge, progress } = deps
  await progress.stage('ask-backups', async (counter) => {
    const head = chain.head()
    const asked = peers.connected()
    knowledge.peers.noteRoundBegun(asked)
    const round = await askRound({ clock, askTip, chain }, { peers: asked, head, signal })
    for (const { block, peer } of round.brought) {
      // Also what lies beside our chain is kept: it is evidence, and one of two that may be chosen.
      if (chain.blocks.canonicalHash(block.number) === block.hash) continue
      await chain.accepted.accept([block])
      counter.add({ items: 1, bytes: block.message.length, peer })
    }
    knowledge.noteRound(round)
  })
}

/**
 * A peer that connects while the gate is open, or could not answer before, may hold a block of our key that nobody
 * showed. Waits until there is one to ask, or until woken, and resolves with what such peers brought that is not on
 * our chain; it is accepted.
 */
export async function askWhileOpen(
  deps: RecoveryDeps,
  waker: Pick<Waker, 'wait'>,
  signal: AbortSignal
): Promise<readonly { readonly block: SignedBlock; readonly peer: string }[]> {
  const { peers } = deps.knowledge
  const newcomers = peers.unasked()
  if (newcomers.length > 0) return askBeside(deps, newcomers, signal)
  const pauseMs = peers.silent().length > 0 ? SILENT_ASK_MS : undefined
  const outcome = await waker.wait(pauseMs, signal)
  return outcome === 'timeout' ? askBeside(deps, peers.silent(), signal) : []
}

async function askBeside(
  { clock, chain, askTip, knowledge }: RecoveryDeps,
  asked: readonly string[],
  signal: AbortSignal
) {
  knowledge.peers.noteAsked(asked)
  const head = chain.head()
  const round = await askRound({ clock, askTip, chain }, { peers: asked, head, signal })
  knowledge.peers.noteSpoken(round.answers)
  const foreign = round.brought.filter(
    ({ block }) => chain.blocks.canonicalHash(block.number) !== block.hash
  )
  await chain.accepted.accept(foreign.map(({ block }) => block))
  return foreign
}
