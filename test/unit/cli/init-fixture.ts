// A directory in which nodes are made, and what `run` would start them with.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type StartInputs } from '../../../src/config/start-inputs.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import {
  genesisWith,
  listing,
  putFile,
  recordedIo,
  runCommand,
  SEQUENCER_KEY,
  stubDeps
} from './command-fixture.ts'

/** The shortest that makes a node; `genesis.json` is there by `putGenesis`. */
export const SEQUENCER = ['init', '--role', 'sequencer', '--datadir', 'seq']
export const BACKUP = [
  'init',
  '--role',
  'backup',
  '--datadir',
  'backup',
  '--genesis',
  'genesis.json'
]

/** Called inside a `describe`. Names are relative to a directory of the test that runs. */
export function useNodeDirectory() {
  const directory = useTemporaryDirectory()
  const at = (name: string) => (name === '.' ? directory.path : join(directory.path, name))
  return {
    at,
    /** Everything below by name. */
    names: async (name = '.') => (await listing(at(name))).map((line) => line.split(' ')[0]),
    read: (name: string) => readFile(at(name), 'utf8'),
    readJson: async (name: string) =>
      JSON.parse(await readFile(at(name), 'utf8')) as Readonly<Record<string, unknown>>,
    /** `genesis.json` and the key `own.key` that it names. */
    async putGenesis(text = genesisWith({})) {
      await writeFile(at('genesis.json'), text)
      await putFile(at('own.key'), SEQUENCER_KEY)
    },
    run: (args: readonly string[], deps = stubDeps()) =>
      runCommand(args, recordedIo(directory.path), deps),
    /** What a good init prints. */
    async init(args: readonly string[], deps = stubDeps()): Promise<string> {
      const run = await runCommand(args, recordedIo(directory.path), deps)
      assert.equal(run.stderr, '')
      assert.equal(run.exitCode, 0)
      return run.stdout
    },
    async startInputs(config: string, ...args: readonly string[]): Promise<StartInputs> {
      let started: StartInputs | undefined
      const deps = stubDeps((inputs) => {
        started = inputs
        return Promise.resolve({ run: () => Promise.resolve() })
      })
      const io = recordedIo(directory.path, { REKINDLE_LOG_LEVEL: 'error' })
      const run = await runCommand(['run', '--config', config, ...args], io, deps)
      assert.deepEqual(run, { exitCode: 0, stdout: '', stderr: '' })
      assert.ok(started !== undefined)
      return started
    }
  }
}
