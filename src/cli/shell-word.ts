// A word of a command that is printed to be pasted into a shell.

const PLAIN = /^[\w@%+=:,./-]+$/

/** The text as one word of a POSIX shell: as it is where that is safe, else in single quotes. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
