import { stripVTControlCharacters } from 'node:util'

// direction overrides make a line read as something else: https://www.unicode.org/reports/tr9/
const INVISIBLE = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

/** One line that means what it shows: no control character, no escape sequence, no direction override. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\r\n\t\u0085\u2028\u2029]+/g, ' ')
    .replace(INVISIBLE, '')
}
