// The JSON of a genesis file as Go reads it: whole numbers of any size, and the names of keys in letters of either case.

/** Strings as they are, and whole numbers that JSON.parse would round. */
const STRINGS_AND_LONG_NUMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])\d{16,}(?![\d.eE])/g
const LONG_DIGITS = /\d{16}/

/** Names at the top of the file that tools have written in other letters; Go takes them all (encoding/json, Unmarshal). */
const TOP_KEYS = [
  ...['config', 'alloc', 'nonce', 'timestamp', 'extraData', 'gasLimit', 'difficulty', 'mixHash'],
  ...['coinbase', 'number', 'gasUsed', 'parentHash', 'baseFeePerGas', 'excessBlobGas'],
  ...['blobGasUsed', 'stateHash']
]

/** Throws SyntaxError. Numbers of more than 15 digits come as their digits, in a text. */
export function parseGenesisJson(text: string): unknown {
  let file: unknown = JSON.parse(text)
  if (LONG_DIGITS.test(text)) {
    const quoted = text.replace(STRINGS_AND_LONG_NUMBERS, (match) =>
      match.startsWith('"') ? match : `"${match}"`
    )
    file = JSON.parse(quoted)
  }
  return typeof file === 'object' && file !== null && !Array.isArray(file)
    ? withNames(file as Readonly<Record<string, unknown>>)
    : file
}

function withNames(file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(file).map(([name, value]) => {
    const known = TOP_KEYS.find((key) => key.toLowerCase() === name.toLowerCase())
    const isFree = known !== undefined && !Object.hasOwn(file, known)
    return [isFree ? known : name, value] as const
  })
  return Object.fromEntries(entries)
}
