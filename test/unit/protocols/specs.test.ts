// The spec pages: rules numbered without gaps, every MUST in a rule, every example in the vectors.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { protocolId } from '../../../protocols/protocol-def.ts'
import { SERVED_PROTOCOLS } from '../../../src/sync/protocols/served-protocols.ts'
import { projectPath } from '../../support/project-root.ts'

const PREFIXES: Readonly<Record<string, string>> = {
  '.': 'TR',
  'account-range': 'AR',
  'block-message': 'BM',
  'blocks-by-hash': 'BH',
  'blocks-by-range': 'BR',
  'byte-codes': 'BC',
  framing: 'FR',
  gossip: 'GO',
  'payload-by-number': 'PN',
  'signed-tip': 'TI',
  'state-diffs-by-range': 'SD',
  status: 'ST',
  'storage-ranges': 'SR',
  'trie-nodes': 'TN'
}

/** No protocol: the suite that tries the others. */
const SUITE_FOLDER = 'conformance'

const folders = readdirSync(projectPath('protocols'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== SUITE_FOLDER)
  .map(({ name }) => name)

describe('spec pages', () => {
  it('there is one for each folder, with vectors', () => {
    assert.deepEqual(['.', ...folders.toSorted()], Object.keys(PREFIXES))
    for (const folder of folders) assert.notEqual(readVectorsText(folder), '')
  })

  it('are linked from the overview; of request protocols they give wire name and limits as the codec has them', () => {
    const overview = readPage('.')
    for (const folder of folders) {
      assert.ok(overview.includes(`](${folder}/README.md)`), folder)
      const found = SERVED_PROTOCOLS.find(({ def }) => def.name.replaceAll('_', '-') === folder)
      if (found === undefined) continue
      const { limits } = found.def
      const [, id, ...given] =
        /^Id `([^`]+)`\. Limits: request ([\d,]+), chunk ([\d,]+)(?: \([^)]*\))?, chunks ([\d,]+)\.$/m.exec(
          readPage(folder)
        ) ?? []
      assert.equal(id, protocolId(found.def, 901n).replace('/901/', '/<chainId>/'))
      assert.ok(overview.includes(`| \`${id}\` |`), id)
      assert.deepEqual(
        given.map((text) => Number(text.replaceAll(',', ''))),
        [limits.requestMaxBytes, limits.chunkMaxBytes, limits.chunksMax]
      )
    }
  })

  for (const [folder, prefix] of Object.entries(PREFIXES)) {
    const page = readPage(folder)

    it(`${folder}: numbers its rules ${prefix}-1, ${prefix}-2, … without gaps`, () => {
      const numbers = Array.from(page.matchAll(rulePattern(prefix)), ([, number]) => Number(number))
      assert.notEqual(numbers.length, 0)
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1)
      )
    })

    it(`${folder}: says MUST in rules only, and in every rule`, () => {
      for (const block of blocksOf(page)) {
        const isRule = block.search(rulePattern(prefix)) === 0
        const isVerdict = /^\| [A-Z]{2}-\d+ \| (?:REJECT|IGNORE) \|/.test(block)
        const isExplanation = block.startsWith('MUST, MUST NOT') || block.startsWith('| rule |')
        if (isExplanation || isVerdict) continue
        assert.equal(/\bMUST\b/.test(block) && !block.includes('Every MUST is'), isRule, block)
      }
    })

    it(`${folder}: refers to rules that there are`, () => {
      for (const [rule, area, number] of page.matchAll(/\b([A-Z]{2})-(\d+)\b/g)) {
        const target = Object.entries(PREFIXES).find(([, known]) => known === area)?.[0]
        if (area === 'EIP' || target === undefined) continue
        const rules = Array.from(readPage(target).matchAll(rulePattern(area ?? '')))
        assert.ok(Number(number) <= rules.length, rule)
      }
    })

    it(`${folder}: shows only bytes that stand in the vectors`, () => {
      const vectors = folders.map(readVectorsText).join('\n')
      const { examples } =
        /## Worked example\n(?<examples>[^]*?)(?=\n## |$)/.exec(page)?.groups ?? {}
      if (examples === undefined) {
        assert.equal(folder, '.')
        return
      }
      const shown = Array.from(examples.matchAll(/`(?:0x)?([0-9a-f]{16,})`/g), ([, hex]) => hex)
      assert.notEqual(shown.length, 0)
      const missing = shown.filter((hex) => hex !== TOPIC_LENGTH && !vectors.includes(hex ?? ''))
      assert.deepEqual(missing, [])
    })
  }
})

/** The length of the example's topic, which is hashed and stands in no message. */
const TOPIC_LENGTH = '1600000000000000'

function readPage(folder: string): string {
  return readFileSync(projectPath('protocols', folder, 'README.md'), 'utf8')
}

function readVectorsText(folder: string): string {
  return readFileSync(projectPath('protocols', folder, 'vectors.json'), 'utf8')
}

function rulePattern(prefix: string): RegExp {
  return new RegExp(String.raw`^(?:- \*\*|\| )${prefix}-(\d+)(?:\*\*| \|)`, 'gm')
}

/** Paragraphs, list items and table rows. */
function blocksOf(page: string): string[] {
  return page
    .split(/\n(?=\n|- |\||#)/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
}
