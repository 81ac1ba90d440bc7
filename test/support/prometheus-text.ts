// Prometheus' text format 0.0.4, read as strictly as its own parser does, and held to the rules of `promtool check metrics`.

/** One family of samples, as the text has it. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  /** Name, labels as written, value. */
  readonly samples: readonly (readonly [name: string, labels: string, value: number])[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{((?:${LABEL}(?:,${LABEL})*)?,?)\\})? (\\S+)(?: (-?\\d+))?$`
)
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
/** Suffixes of the samples of a type, beside the name itself. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_count', '_sum'],
  summary: ['_count', '_sum']
}

/** Families in their order. Throws an Error that names the line where the text is not of the format. */
export function parseExposition(text: string): readonly MetricFamily[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families: (MetricFamily & { readonly samples: [string, string, number][] })[] = []
  const seen = new Set<string>()
  let help: { readonly name: string; readonly text: string } | undefined
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${String(index + 1)}, ${JSON.stringify(line)}: ${what}`)
    }
    const [, kind, name = '', rest = ''] =
      new RegExp(`^# (HELP|TYPE) (${NAME})(?: (.*))?$`).exec(line) ?? []
    if (line === '') continue
    if (kind === 'HELP') {
      if (families.some((family) => family.name === name)) fail('a second HELP')
      help = { name, text: rest }
    } else if (kind === 'TYPE') {
      if (families.some((family) => family.name === name)) fail('a second TYPE')
      if (!TYPES.includes(rest)) fail('no type')
      const text = help?.name === name ? help.text : ''
      families.push({ name, help: text, type: rest, samples: [] })
    } else if (line.startsWith('#')) {
      fail('a comment')
    } else {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? fail('no sample')
      const family = families.at(-1) ?? fail('a sample before its TYPE')
      const names = [family.name, ...(SUFFIXES[family.type] ?? []).map((end) => family.name + end)]
      if (!names.includes(sample)) fail('a sample of another family')
      const key = `${sample}{${labels}}`
      if (seen.has(key)) fail('a second sample of these labels')
      seen.add(key)
      family.samples.push([sample, labels, numberOf(value) ?? fail('no number')])
    }
  }
  return families
}

/** As Go's strconv.ParseFloat reads it, by which Prometheus does: case does not count. */
function numberOf(text: string): number | undefined {
  if (/^nan$/i.test(text)) return NaN
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

/** Units that are not the base unit, or short for it (client_golang, promlint: lintMetricUnits, lintUnitAbbreviations). */
const FOREIGN_UNITS = new Set(
  (
    's ms us ns sec b kb mb gb tb pb m h d milliseconds microseconds nanoseconds minutes hours days weeks ' +
    'kilobytes megabytes gigabytes bits kelvins percent'
  ).split(' ')
)

/** What promtool would complain of (client_golang, prometheus/testutil/promlint). */
export function lintFamilies(families: readonly MetricFamily[]): readonly string[] {
  return families.flatMap(({ name, help, type, samples }) => {
    const words = name.split('_')
    const isCounted = name.endsWith('_total')
    const hasReserved = /_(bucket|count|sum)$/.test(name)
    return [
      help === '' && 'no help text',
      type === 'counter' && !isCounted && 'a counter without _total',
      type !== 'counter' && isCounted && `a ${type} with _total`,
      type !== 'histogram' && type !== 'summary' && hasReserved && 'a suffix of histograms',
      words.some((word) => TYPES.includes(word)) && 'its type in its name',
      /[A-Z]/.test(name) && 'a capital letter in its name',
      name.includes(':') && 'a colon in its name',
      words.some((word) => FOREIGN_UNITS.has(word)) && 'a unit that is not the base unit',
      samples.some(([, labels]) => /(^|,)[a-z_]*[A-Z]\w*=/.test(labels)) &&
        'a capital letter in a label'
    ].flatMap((problem) => (problem === false ? [] : [`${name}: ${problem}`]))
  })
}
