// A directory of its own for each test, gone when the test is over.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The directory of the test that runs; reading `path` outside of one throws. */
export interface TemporaryDirectory {
  readonly path: string
}

/** Called inside a `describe`: makes a directory before each of its tests and removes it after. */
export function useTemporaryDirectory(): TemporaryDirectory {
  let path: string | undefined
  beforeEach('make a temporary directory', async () => {
    path = await mkdtemp(join(tmpdir(), 'rekindle-test-'))
  })
  afterEach('remove the temporary directory', async () => {
    if (path !== undefined) await rm(path, { recursive: true, force: true, maxRetries: 3 })
    path = undefined
  })
  return {
    get path() {
      if (path === undefined) throw new Error('no test runs: there is no temporary directory')
      return path
    }
  }
}
