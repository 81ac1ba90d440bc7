// The logger that libp2p is given: its own makes a name and a colour for each stream and connection, heard or not.
import { type ComponentLogger, type Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: () => silent
})

/** Says nothing; undefined, which stands for libp2p's own, where the environment asks for its words with DEBUG. */
export function quietLogger(): ComponentLogger | undefined {
  return process.env.DEBUG === undefined ? { forComponent: () => silent } : undefined
}
