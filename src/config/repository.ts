import type { RepositorySetting } from './config.ts'
import { expandPath } from './path.ts'
import type { Bases } from './path.ts'
import type { Parsed } from './problem.ts'

const LOCAL = /^(?:\/|\.{1,2}(?:\/|$)|~(?:\/|$))/
// https://docs.github.com/en/enterprise-cloud@latest/admin/identity-and-access-management: managed users carry `_`
const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/

const EXPECTED =
  'expected owner/name, an https URL of a GitHub repository, or a path that starts with /, ./, ../ or ~/'

/** Reads `MD_REPO`. A URL must lie on GitHub's server; it may not carry credentials, and they are never shown. */
export function parseRepository(
  text: string,
  serverUrl: string,
  bases: Bases,
): Parsed<RepositorySetting> {
  if (LOCAL.test(text)) {
    return { value: { kind: 'local', text, path: expandPath(text, bases) } }
  }
  if (text.includes('://')) return parseUrl(text, serverUrl)
  return github(text, text) ?? { refusal: `repository ${JSON.stringify(text)}: ${EXPECTED}` }
}

function parseUrl(text: string, serverUrl: string): Parsed<RepositorySetting> {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') {
    return {
      refusal: `repository URL: expected ${serverUrl}/owner/name, without user name or password`,
    }
  }
  if (url.origin !== new URL(serverUrl).origin) {
    return {
      refusal: `repository ${JSON.stringify(text)}: expected a URL below GITHUB_SERVER_URL, which is ${serverUrl}`,
    }
  }
  const found = url.search === '' && url.hash === '' ? github(text, url.pathname.slice(1)) : null
  return (
    found ?? { refusal: `repository ${JSON.stringify(text)}: expected ${serverUrl}/owner/name` }
  )
}

function github(text: string, path: string): Parsed<RepositorySetting> | null {
  const [owner, name, ...more] = path
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
    .split('/')
  if (owner === undefined || name === undefined || more.length > 0) return null
  if (!OWNER.test(owner) || !NAME.test(name)) return null
  return { value: { kind: 'github', text, owner, name } }
}
