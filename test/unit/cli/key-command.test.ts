// `rekindle key`: keys made and shown ahead of a node, and never over another.
import assert from 'node:assert/strict'
import { mkdir, stat } from 'node:fs/promises'
import { putFile, modeOf, SEQUENCER_ADDRESS, SEQUENCER_KEY } from './command-fixture.ts'
import { useNodeDirectory } from './init-fixture.ts'

describe('key', () => {
  const node = useNodeDirectory()

  for (const [flags, name, file] of [
    [[], 'address', /^0x[0-9a-f]{40}$/],
    [['--peer'], 'peerId', /^peer[0-9a-f]{8}$/]
  ] as const) {
    it(`new makes one for its owner alone, and show prints the same ${name}`, async () => {
      const made = await node.run(['key', 'new', 'own.key', '--json', ...flags])
      assert.deepEqual({ ...made, stdout: '' }, { exitCode: 0, stdout: '', stderr: '' })
      const fields = JSON.parse(made.stdout) as Readonly<Record<string, string>>
      assert.match(fields[name] ?? '', file)
      assert.equal(fields.key, node.at('own.key'))
      assert.equal(await modeOf(node.at('own.key')), 0o600)
      const text = await node.read('own.key')
      assert.match(text, /^[0-9a-f]{64}\n$/)
      assert.ok(!made.stdout.includes(text.trim()), 'the key itself is not printed')
      const shown = await node.run(['key', 'show', 'own.key', '--json', ...flags])
      assert.deepEqual(shown, made)
    })

    it(`new ${flags.join()} overwrites nothing`, async () => {
      await putFile(node.at('own.key'), SEQUENCER_KEY)
      const { exitCode, stdout, stderr } = await node.run(['key', 'new', 'own.key', ...flags])
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
      assert.match(stderr, /own\.key.* is there already, and a key is never overwritten/)
      assert.equal(await node.read('own.key'), SEQUENCER_KEY)
    })

    it(`show ${flags.join()} says that there is none, and makes none`, async () => {
      const { exitCode, stderr } = await node.run(['key', 'show', 'none.key', ...flags])
      assert.equal(exitCode, 2)
      assert.match(stderr, /none\.key/)
      await assert.rejects(stat(node.at('none.key')))
    })
  }

  it('show prints the address that other wallets show', async () => {
    await putFile(node.at('own.key'), SEQUENCER_KEY)
    const { stdout } = await node.run(['key', 'show', 'own.key'])
    assert.equal(stdout, `address  ${SEQUENCER_ADDRESS}\nkey      ${node.at('own.key')}\n`)
  })

  it('new gives the address that init with that key has in its genesis', async () => {
    const made = await node.run(['key', 'new', 'own.key', '--json'])
    const { address } = JSON.parse(made.stdout) as { readonly address: string }
    await mkdir(node.at('deep'))
    const args = ['init', '--role', 'sequencer', '--datadir', 'deep/seq', '--json']
    const text = await node.init([...args, '--sequencer-key', 'own.key'])
    assert.equal((JSON.parse(text) as { readonly signer: string }).signer, address)
  })
})
