import type { Parsed } from './problem.ts'

/** Reads `MD_HOST`: it is part of status contexts, selectors and commit trailers. */
export function parseHost(text: string): Parsed<string> {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/.test(text)) return { value: text }
  return {
    refusal: `host name ${JSON.stringify(text)}: expected letters, digits, dots, dashes and underscores, 63 at most`,
  }
}

/** Reads `MD_BRANCH` by the rules of git's check-ref-format. */
export function parseBranch(text: string): Parsed<string> {
  if (text.startsWith('refs/')) {
    return { refusal: `branch ${JSON.stringify(text)}: expected its name without refs/heads/` }
  }
  const forbidden = /[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(?:\/|$)/u
  if (forbidden.test(text) || text === '@') {
    return { refusal: `branch ${JSON.stringify(text)}: expected a name that git allows` }
  }
  return { value: text }
}

/** Reads `GITHUB_APP_ID`: the number, or the client id that begins with Iv. */
export function parseAppId(text: string): Parsed<string> {
  if (/^(?:\d{1,15}|Iv[A-Za-z0-9.]{10,40})$/.test(text)) return { value: text }
  return {
    refusal: `App id ${JSON.stringify(text)}: expected the number or the client id on the App's page`,
  }
}
