// Files of dist/ whose source is gone: the compiler leaves them there, and tests would go on importing them.

/** How a source ends once it is compiled. */
const OUTPUT_ENDS = /[.](?:js|js[.]map|d[.]ts)$/

/**
 * The outputs, paths within dist/, that no source stands for; sources are paths from the project's root. What is not
 * compiled is none of them.
 */
export function staleOutputs(
  outputs: readonly string[],
  sources: readonly string[]
): readonly string[] {
  const present = new Set(sources)
  return outputs.filter(
    (path) => OUTPUT_ENDS.test(path) && !present.has(path.replace(OUTPUT_ENDS, '.ts'))
  )
}
