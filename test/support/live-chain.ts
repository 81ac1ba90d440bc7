// A chain of live nodes for each test, and what every such test asks of them.
import { createLiveChain, type LiveChain, type StartedNode } from './live-nodes.ts'
import { type TemporaryDirectory, useTemporaryDirectory } from './temporary-directory.ts'

/** The directory of the test that runs, and its chain. */
export interface LiveChainDirectory extends TemporaryDirectory {
  /** As createLiveChain does, in this directory. Once for each test. */
  create(options?: { readonly agoSeconds?: number }): Promise<LiveChain>
}

/** Called inside a `describe`: stops the chain's nodes after each of its tests, before their directory is removed. */
export function useLiveChain(): LiveChainDirectory {
  let chain: LiveChain | undefined
  // Before the directory's own hook: what runs in it ends first.
  afterEach('stop the nodes', async () => {
    await chain?.stopAll()
    chain = undefined
  })
  const directory = useTemporaryDirectory()
  return {
    get path() {
      return directory.path
    },
    async create(options) {
      chain = await createLiveChain(directory.path, options)
      return chain
    }
  }
}

/** True when the node says that its gate is open. */
export async function isGateOpen(node: StartedNode): Promise<boolean> {
  const { gate } = (await node.call('rekindle_status')) as {
    readonly gate?: { readonly open: boolean }
  }
  return gate?.open === true
}
