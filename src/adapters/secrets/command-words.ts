/**
 * The words of a command line as a shell would split it, with quotes and backslashes and nothing else: no variable, no
 * pattern, no shell. null where a quote is left open.
 */
export function commandWords(line: string): readonly string[] | null {
  const words: string[] = []
  let word: string | null = null
  let rest = line
  while (rest !== '') {
    const part = nextPart(rest)
    if (part === null) return null
    rest = rest.slice(part.length)
    if (part.text === null) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word = (word ?? '') + part.text
    }
  }
  return word === null ? words : [...words, word]
}

/** What comes next and how long it is as written; `text` is null for what separates words. */
function nextPart(rest: string): { readonly text: string | null; readonly length: number } | null {
  const blank = /^\s+/.exec(rest)
  if (blank !== null) return { text: null, length: blank[0].length }
  const single = /^'([^']*)'/.exec(rest)
  if (single !== null) return { text: single[1] ?? '', length: single[0].length }
  const double = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(rest)
  if (double !== null) {
    return { text: (double[1] ?? '').replace(/\\(["\\$`])/g, '$1'), length: double[0].length }
  }
  const escaped = /^\\([\s\S])/.exec(rest)
  if (escaped !== null) return { text: escaped[1] ?? '', length: 2 }
  const bare = /^[^\s'"\\]+/.exec(rest)
  return bare === null ? null : { text: bare[0], length: bare[0].length }
}
