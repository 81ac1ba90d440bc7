// Nested fields as indented lines for a person, aligned, in the order they come.
import { plainLine } from '../config/plain-line.ts'

const INDENT = '  '

/** One line a value, nested ones below their name; absent values are left out. Ends in a newline. */
export function formatFields(fields: Readonly<Record<string, unknown>>, indent = ''): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown
    .map(([name, value]) => formatField(plainLine(name), value, { width, indent }))
    .join('')
}

function formatField(
  name: string,
  value: unknown,
  { width, indent }: { readonly width: number; readonly indent: string }
): string {
  if (typeof value !== 'object' || value === null) {
    return `${indent}${name.padEnd(width)}  ${formatScalar(value)}\n`
  }
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    const list = value.length === 0 ? 'none' : value.map(formatScalar).join(', ')
    return `${indent}${name.padEnd(width)}  ${list}\n`
  }
  return `${indent}${name}\n${formatNested(value, `${indent}${INDENT}`)}`
}

function formatNested(value: object, indent: string): string {
  if (!Array.isArray(value)) {
    return formatFields(value as Readonly<Record<string, unknown>>, indent)
  }
  const items = value as readonly unknown[]
  return items
    .map((item) => {
      if (typeof item !== 'object' || item === null) return `${indent}- ${formatScalar(item)}\n`
      const lines = formatNested(item, `${indent}${INDENT}`)
      return `${indent}- ${lines.slice(indent.length + INDENT.length)}`
    })
    .join('')
}

function formatScalar(value: unknown): string {
  return plainLine(typeof value === 'string' ? value : String(value))
}
