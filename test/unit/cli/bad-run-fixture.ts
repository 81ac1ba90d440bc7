// Starts that must be refused: one message with every problem, exit code 2, and nothing written.
import assert from 'node:assert/strict'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  listing,
  prepareSequencer,
  recordedIo,
  runCommand,
  writeConfig
} from './command-fixture.ts'

/** One refused start of the prepared sequencer, which starts but for what is said here. */
export interface BadRun {
  readonly what: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Keys of the config file to change. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Changes the prepared files. */
  readonly arrange?: (cwd: string) => Promise<void>
  /** The lines of the message, without the first; DIR stands for the directory of the test. */
  readonly problems: readonly string[]
}

/** Called inside a `describe`: a test for each. */
export function refuseRuns(table: readonly BadRun[]): void {
  const directory = useTemporaryDirectory()
  for (const { what, args = [], env = {}, config = {}, arrange, problems } of table) {
    it(`refuses ${what}`, async () => {
      const cwd = directory.path
      await prepareSequencer(cwd)
      await writeConfig(cwd, config)
      await arrange?.(cwd)
      const before = await listing(cwd)
      const io = recordedIo(cwd, env)
      const run = await runCommand(['run', '--config', 'seq.keys/config.json', ...args], io)
      const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
      const [first, ...lines] = run.stderr.replaceAll(cwd, 'DIR').split('\n')
      assert.equal(first, `rekindle cannot start: ${count}`)
      assert.deepEqual(lines.sort(), ['', ...problems.map((line) => `  ${line}`)].sort())
      assert.equal(run.stdout, '')
      assert.equal(run.exitCode, 2)
      assert.deepEqual(await listing(cwd), before)
    })
  }
}
