// Whether something is at a path.
import { lstat } from 'node:fs/promises'

/** A link that leads nowhere counts. False for what cannot be looked at: whoever writes there is told why. */
export function pathExists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false
  )
}
