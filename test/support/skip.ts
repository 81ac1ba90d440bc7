// The only way to skip a test: at run time, with a reason, which the reporter prints.
import { type Context, type Suite } from 'mocha'

const reasons = new WeakMap<object, string>()

/** What has a place in the tree of suites: a test, a hook, a suite. */
interface TreeNode {
  readonly parent?: Suite | undefined
}

/** Ends the running test, or from a `before` hook every test of its suite, as skipped for the reason. */
export function skipTest(context: Context, reason: string): never {
  const runnable = context.runnable()
  const isSuiteHook = (runnable as { readonly type?: string }).type === 'hook'
  reasons.set(isSuiteHook && runnable.parent !== undefined ? runnable.parent : runnable, reason)
  context.skip()
}

/** Why the test was skipped; undefined when nobody said. */
export function skipReason(test: TreeNode): string | undefined {
  for (let node: TreeNode | undefined = test; node !== undefined; node = node.parent) {
    const reason = reasons.get(node)
    if (reason !== undefined) return reason
  }
  return undefined
}
