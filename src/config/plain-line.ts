// Text from files, peers and other programs, made safe for one line of a terminal.

/** What would let a text move the cursor, or look like more than one line. */
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** The text with each run of control characters as one question mark. */
export function plainLine(text: string): string {
  return text.replace(CONTROL_CHARACTERS, '?')
}
