// `rekindle config`: every key with its default and unit, and a schema that takes what the node takes.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { CONFIG_KEY_NAMES, configKey } from '../../../src/config/config-keys.ts'
import { projectPath } from '../../support/project-root.ts'
import { recordedIo, runCommand, SEQUENCER_ADDRESS } from './command-fixture.ts'

const config = (...args: readonly string[]) => runCommand(['config', ...args], recordedIo('/'))

/** Keys, defaults, flags and variables as the operator's page has them. */
const PAGE: readonly (readonly [key: string, value: string, flag: string, variable: string])[] = [
  ['role', '(must be given)', '--role', 'ROLE'],
  ['dataDir', '(must be given)', '--datadir', 'DATADIR'],
  ['genesisFile', '(genesis.json in DATADIR.keys)', '--genesis', 'GENESIS'],
  ['peerKeyFile', '(peer.key in DATADIR.keys)', '', 'PEER_KEY_FILE'],
  ['listen', '"/ip4/0.0.0.0/tcp/9222"', '--listen', 'LISTEN'],
  ['advertise', '[]', '--advertise, repeated for each', 'ADVERTISE, separated by commas'],
  ['peers', '[]', '--peer, repeated for each', 'PEER, separated by commas'],
  ['backups', '[]', '--backup, repeated for each', 'BACKUP, separated by commas'],
  ['quorum', '"auto"', '--quorum', 'QUORUM'],
  ['signers', "(the genesis file's)", '--signer, repeated for each', 'SIGNER, separated by commas'],
  ['sequencerKeyFile', '(sequencer.key in DATADIR.keys)', '', 'SEQUENCER_KEY_FILE'],
  ['signedRecordFile', '(signed-record beside the signing key)', '', 'SIGNED_RECORD_FILE'],
  ['signedRecord', '"on"', '--signed-record', 'SIGNED_RECORD'],
  ['history', '8192', '--history', 'HISTORY'],
  ['preset', '"op"', '--preset', 'PRESET'],
  ['blockTimeMs', "(the genesis file's)", '--block-time', 'BLOCK_TIME'],
  ['feeRecipient', '"0x0000000000000000000000000000000000000000"', '', 'FEE_RECIPIENT'],
  ['gasLimit', "(the parent block's)", '', 'GAS_LIMIT'],
  ['rpc', '"127.0.0.1:8545"', '--rpc', 'RPC'],
  ['rpcHosts', '[]', '--rpc-hosts, repeated for each', 'RPC_HOSTS, separated by commas'],
  ['rpcCors', '[]', '--rpc-cors, repeated for each', 'RPC_CORS, separated by commas'],
  ['adminTokenFile', '(none: admin_ methods are refused)', '', 'ADMIN_TOKEN_FILE'],
  ['metrics', '"127.0.0.1:7300"', '--metrics', 'METRICS'],
  ['sequencerRpc', '(none: sent transactions are refused)', '--sequencer-rpc', 'SEQUENCER_RPC'],
  ['logLevel', '"info"', '--log-level', 'LOG_LEVEL']
]

describe('config --print-defaults', () => {
  it('prints every key with its default, and every way to set it', async () => {
    const { exitCode, stdout, stderr } = await config('--print-defaults')
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    const [keys = '', flags = ''] = stdout.split('Flags alone, good for one start:\n')
    const printed = keys
      .trimEnd()
      .split('\n\n')
      .map((entry) => {
        const lines = entry.split('\n')
        const also = lines.flatMap((line) => /^ {4}also (.*)$/.exec(line)?.[1] ?? [])
        const variable = also.find((way) => way.startsWith('REKINDLE_')) ?? ''
        const flag = also.find((way) => way.startsWith('--')) ?? ''
        return [...(lines[0] ?? '').split(' = '), flag, variable.replace('REKINDLE_', '')]
      })
    assert.deepEqual(printed, PAGE)
    assert.match(flags, /^--start-without-backups HASH: .+\n--give-up-above HASH: .+\n$/)
  })

  it('names units', async () => {
    const { stdout } = await config('--print-defaults')
    assert.match(stdout, /blockTimeMs[^\n]*\n[^\n]*\n {4}takes a whole number of .* \[ms\]\n/)
    assert.match(stdout, /gasLimit[^\n]*\n[^\n]*\n {4}takes a whole number .* \[gas\]\n/)
  })
})

describe('config --print-schema', () => {
  it('prints what the package has beside the code', async () => {
    const { stdout } = await config('--print-schema')
    assert.equal(await readFile(projectPath('dist', 'config.schema.json'), 'utf8'), stdout)
  })

  const GOOD: readonly unknown[] = [
    {},
    { $schema: 'schema.json', role: 'backup', dataDir: 'x', quorum: 'all', backups: [] },
    { quorum: 3, gasLimit: 30_000_000, rpc: '[::1]:0', feeRecipient: SEQUENCER_ADDRESS },
    { signers: [{ fromBlock: 0, address: SEQUENCER_ADDRESS }] }
  ]
  const BAD: readonly unknown[] = [
    [],
    { rol: 'backup' },
    { role: 'king' },
    { quorum: 0 },
    { quorum: 'most' },
    { backups: 'x' },
    { blockTimeMs: 49 },
    { gasLimit: '30000000' },
    { rpc: '8545' },
    { signers: [{ fromBlock: 0, address: SEQUENCER_ADDRESS, until: 9 }] },
    { startWithoutBackups: `0x${'1f'.repeat(32)}` }
  ]

  /** Read back, as an editor does. */
  async function schema() {
    const { exitCode, stdout, stderr } = await config('--print-schema')
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    return JSON.parse(stdout) as Parameters<typeof z.fromJSONSchema>[0] & {
      readonly $schema: string
      readonly properties: Readonly<Record<string, { readonly description?: string }>>
    }
  }

  it('describes every key', async () => {
    const { $schema, properties } = await schema()
    assert.equal($schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.deepEqual(Object.keys(properties), ['$schema', ...PAGE.map(([key]) => key)])
    for (const name of CONFIG_KEY_NAMES) {
      assert.ok(properties[name]?.description?.startsWith(configKey(name).purpose), name)
    }
  })

  it('takes what the node takes', async () => {
    const read = z.fromJSONSchema(await schema())
    for (const value of GOOD) {
      assert.ok(read.safeParse(value).success, JSON.stringify(value))
    }
  })

  it('refuses what the node refuses', async () => {
    const read = z.fromJSONSchema(await schema())
    for (const value of BAD) {
      assert.ok(!read.safeParse(value).success, JSON.stringify(value))
    }
  })
})

describe('config', () => {
  it('prints both when both are asked for', async () => {
    const { stdout } = await config('--print-defaults', '--print-schema')
    assert.match(stdout, /^role = [\s\S]*\n\{\n {2}"\$schema"[\s\S]*\n\}\n$/)
  })

  for (const [args, message] of [
    [[], 'rekindle: config: say --print-defaults or --print-schema\n'],
    [
      ['--print-default'],
      "error: unknown option '--print-default'\n(Did you mean --print-defaults?)\n"
    ],
    [['role'], "error: too many arguments for 'config'. Expected 0 arguments but got 1.\n"]
  ] as const) {
    it(`refuses [${args.join(' ')}]`, async () => {
      assert.deepEqual(await config(...args), { exitCode: 2, stdout: '', stderr: message })
    })
  }
})
