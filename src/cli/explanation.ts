// What a code means to an operator: the shape that all tables of explanations share.

/** Codes that mean the same to whoever has to act. */
export interface Explanation {
  readonly codes: readonly string[]
  readonly meaning: string
  readonly safe: string
}
