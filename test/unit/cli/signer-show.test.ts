// `rekindle signer show`: what is printed of a record in each of its states, and where it is looked for.
import assert from 'node:assert/strict'
import { mkdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'
import { BINDING, hashOf, withRecord, writeRecord } from '../signer/record-fixture.ts'
import {
  listing,
  prepareSequencer,
  recordedIo,
  runCommand,
  writeConfig
} from './command-fixture.ts'

const SHOW = ['signer', 'show']

/** Its record lies beside its key. */
function useRecord() {
  const directory = useTemporaryDirectory()
  beforeEach(() => prepareSequencer(directory.path))
  const path = () => join(directory.path, 'seq.keys', 'signed-record')
  const show = (...args: readonly string[]) =>
    runCommand([...SHOW, ...args], recordedIo(directory.path))
  return {
    directory,
    path,
    show,
    async fields(): Promise<Readonly<Record<string, unknown>>> {
      const { exitCode, stdout, stderr } = await show('--config', 'seq.keys/config.json', '--json')
      assert.equal(stderr, '')
      assert.match(stdout, /^[^\n]+\n$/)
      return { exitCode, ...(JSON.parse(stdout) as Readonly<Record<string, unknown>>) }
    }
  }
}

describe('signer show', () => {
  const record = useRecord()

  it('prints a record for a person', async () => {
    await writeRecord(record.path(), 3n)
    const before = await listing(record.directory.path)
    const { exitCode, stdout, stderr } = await record.show('--record', 'seq.keys/signed-record')
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    assert.equal(
      stdout,
      `record           ${record.path()}
finding          good
meaning          nothing at or below the tip will be signed again
chainId          901
genesisHash      ${BINDING.genesisHash}
signer           ${BINDING.signer}
tip
  number  3
  hash    ${hashOf(3n)}
firstHeight      0
heights          4
firstWholeEntry  0
wholeEntries     4
bytes            ${(await stat(record.path())).size}
setAside         none
setAsideCount    0
`
    )
    assert.deepEqual(await listing(record.directory.path), before)
  })

  it('prints a record of the config as JSON', async () => {
    await writeRecord(record.path(), 3n)
    assert.deepEqual(await record.fields(), {
      exitCode: 0,
      record: record.path(),
      finding: 'good',
      meaning: 'nothing at or below the tip will be signed again',
      chainId: 901,
      genesisHash: BINDING.genesisHash,
      signer: BINDING.signer,
      tip: { number: 3, hash: hashOf(3n) },
      firstHeight: 0,
      heights: 4,
      firstWholeEntry: 0,
      wholeEntries: 4,
      bytes: (await stat(record.path())).size,
      setAside: [],
      setAsideCount: 0
    })
  })

  it('prints what was released, the last twenty', async () => {
    await writeRecord(record.path(), 30n)
    await withRecord(record.path(), (opened) => opened.release(5n, hashOf(30n)))
    const { setAside, setAsideCount, tip } = await record.fields()
    assert.deepEqual(tip, { number: 5, hash: hashOf(5n) })
    assert.equal(setAsideCount, 25)
    const last = Array.from({ length: 20 }, (_, at) => ({
      number: 11 + at,
      hash: hashOf(11n + BigInt(at))
    }))
    assert.deepEqual(setAside, last)
  })
})

describe('signer show of a record that is', () => {
  const record = useRecord()

  it('not there', async () => {
    const { exitCode, finding, meaning, tip } = await record.fields()
    assert.deepEqual(
      { exitCode, finding, tip },
      { exitCode: 0, finding: 'missing', tip: undefined }
    )
    assert.equal(meaning, 'there is no record: the next start asks all backups')
  })

  it('empty', async () => {
    await withRecord(record.path(), (opened) => opened.create())
    const { exitCode, finding, heights, chainId } = await record.fields()
    assert.deepEqual({ exitCode, finding, heights }, { exitCode: 0, finding: 'empty', heights: 0 })
    assert.equal(chainId, 901)
  })

  it('torn', async () => {
    await writeRecord(record.path(), 3n)
    await truncate(record.path(), (await stat(record.path())).size - 1)
    const { exitCode, finding, tip } = await record.fields()
    assert.deepEqual({ exitCode, finding }, { exitCode: 0, finding: 'torn' })
    assert.deepEqual(tip, { number: 2, hash: hashOf(2n) })
  })

  for (const [what, arrange] of [
    ['something else', (path: string) => writeFile(path, 'a'.repeat(500))],
    ['a directory', (path: string) => mkdir(path)]
  ] as const) {
    it(what, async () => {
      await arrange(record.path())
      const { exitCode, finding, meaning, reason, chainId } = await record.fields()
      assert.deepEqual({ exitCode, finding }, { exitCode: 1, finding: 'unreadable' })
      assert.equal(meaning, 'a sequencer does not start with it; moved away, it counts as missing')
      assert.equal(typeof reason, 'string')
      assert.equal(chainId, undefined)
    })
  }
})

describe('signer show without a record to look for', () => {
  const record = useRecord()

  it('takes the role that it is told before that of the config, and no other word', async () => {
    await writeConfig(record.directory.path, { role: 'backup' })
    await writeRecord(record.path(), 3n)
    const args = ['--config', 'seq.keys/config.json', '--role'] as const
    const { exitCode, stdout } = await record.show(...args, 'sequencer')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^finding +good$/m)
    const wrong = await record.show(...args, 'builder')
    assert.equal(wrong.exitCode, 2)
    assert.match(wrong.stderr, /Allowed choices are sequencer, backup/)
  })

  const NONE =
    'rekindle: signer show: no record is named: give --record, or --config of a sequencer whose record is on\n'

  it('lists what is wrong with the config', async () => {
    assert.deepEqual(await record.show(), {
      exitCode: 2,
      stdout: '',
      stderr: `${NONE}  role: must be given: give sequencer or backup with --role, or in the config file
  dataDir: must be given: give a directory with --datadir, or in the config file
`
    })
  })

  for (const [what, changes] of [
    ['a backup', { role: 'backup' }],
    ['a sequencer whose record is off', { signedRecord: 'off' }]
  ] as const) {
    it(`says so of ${what}`, async () => {
      await writeConfig(record.directory.path, changes)
      const run = await record.show('--config', 'seq.keys/config.json')
      assert.deepEqual(run, { exitCode: 2, stdout: '', stderr: NONE })
    })
  }

  it('says so of a config file that is not there', async () => {
    const { exitCode, stdout, stderr } = await record.show('--config', 'none.json')
    assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
    const [first, second, ...rest] = stderr.split('\n')
    assert.equal(`${first ?? ''}\n`, NONE)
    assert.match(second ?? '', /^ {2}--config \(.*none\.json\): it cannot be read: ENOENT/)
    assert.deepEqual(rest, [''])
  })

  it('takes the record of a config that has other problems', async () => {
    await writeRecord(record.path(), 1n)
    await writeConfig(record.directory.path, { backups: [], logLevel: 'x' })
    const { exitCode, finding } = await record.fields()
    assert.deepEqual({ exitCode, finding }, { exitCode: 0, finding: 'good' })
  })
})
