import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatImageReference,
  isDigest,
  isTag,
  parseImageReference,
  repositoryName,
  withPin,
} from '../../src/domain/image-reference.ts'
import { answersOrRefuses, thrownBy } from './policy/thrown.ts'

const hex = '0123456789abcdef'.repeat(4)
const digest = `sha256:${hex}` as const
const other = `sha256:${'f'.repeat(64)}` as const

type Row = [
  text: string,
  registry: string,
  repository: string,
  tag?: string | undefined,
  digest?: string,
]

const good: readonly Row[] = [
  ['nginx', 'docker.io', 'library/nginx'],
  ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
  [`nginx@${digest}`, 'docker.io', 'library/nginx', undefined, digest],
  [`nginx:1.27@${digest}`, 'docker.io', 'library/nginx', '1.27', digest],
  ['o/app', 'docker.io', 'o/app'],
  ['a/b/c/d:x', 'docker.io', 'a/b/c/d', 'x'],
  ['docker.io/nginx', 'docker.io', 'library/nginx'],
  ['docker.io/library/nginx', 'docker.io', 'library/nginx'],
  ['docker.io/o/app', 'docker.io', 'o/app'],
  ['index.docker.io/nginx', 'docker.io', 'library/nginx'],
  ['index.docker.io/o/app:1', 'docker.io', 'o/app', '1'],
  ['ghcr.io/o/app:1.4.2', 'ghcr.io', 'o/app', '1.4.2'],
  ['ghcr.io/app', 'ghcr.io', 'app'],
  ['localhost/app', 'localhost', 'app'],
  ['localhost:5000/app:1', 'localhost:5000', 'app', '1'],
  ['registry:5000/app', 'registry:5000', 'app'],
  ['127.0.0.1:5000/o/app:1', '127.0.0.1:5000', 'o/app', '1'],
  ['[::1]:5000/app:1', '[::1]:5000', 'app', '1'],
  ['[fc00::1]/o/app', '[fc00::1]', 'o/app'],
  ['Registry/app', 'Registry', 'app'],
  [
    'sub-dom1.foo.com/bar/baz/quux:some-long-tag',
    'sub-dom1.foo.com',
    'bar/baz/quux',
    'some-long-tag',
  ],
  ['xn--n3h.com/app', 'xn--n3h.com', 'app'],
  ['192.168.0.1', 'docker.io', 'library/192.168.0.1'],
  ['192.168.0.1:80', 'docker.io', 'library/192.168.0.1', '80'],
  ['ghcr.io', 'docker.io', 'library/ghcr.io'],
  ['localhost', 'docker.io', 'library/localhost'],
  ['localhost:5000', 'docker.io', 'library/localhost', '5000'],
  ['foo/foo_bar.com:8080', 'docker.io', 'foo/foo_bar.com', '8080'],
  ['a--b/c__d.e-f', 'docker.io', 'a--b/c__d.e-f'],
  ['dash-dash----dash', 'docker.io', 'library/dash-dash----dash'],
  ['app:_under', 'docker.io', 'library/app', '_under'],
  ['app:1.0-RC_1', 'docker.io', 'library/app', '1.0-RC_1'],
  [`app:${'t'.repeat(128)}`, 'docker.io', 'library/app', 't'.repeat(128)],
  [`docker.io/${hex}`, 'docker.io', `library/${hex}`],
  [hex.slice(1), 'docker.io', `library/${hex.slice(1)}`],
  ['ghcr.io/' + 'a'.repeat(255), 'ghcr.io', 'a'.repeat(255)],
]

const bad: readonly [text: string, problem: RegExp, remedy: RegExp][] = [
  ['', /it is empty/, /write a name/],
  [digest, /digest without a name/, /NAME@sha256/],
  [`@${digest}`, /digest without a name/, /NAME@sha256/],
  [hex, /digest without a name/, /NAME@sha256/],
  [`sha512:${hex}${hex}`, /digest without a name/, /NAME@sha256/],
  ['https://ghcr.io/o/app', /no URL/, /leave "https:\/\/" off/],
  ['docker://nginx', /no URL/, /leave "docker:\/\/" off/],
  [' nginx', /blank/, /without blanks/],
  ['nginx:1 2', /blank/, /without blanks/],
  ['nginx\n', /blank/, /without blanks/],
  ['App', /"App" has upper-case letters/, /: app$/],
  ['o/App:1', /"o\/App" has upper-case letters/, /: o\/app$/],
  ['ghcr.io/O/app', /"O\/app" has upper-case letters/, /: o\/app$/],
  ['nginx:', /tag is empty/, /128/],
  [`nginx:${'t'.repeat(129)}`, /is no tag/, /128/],
  ['nginx:-1', /"-1" is no tag/, /128/],
  ['nginx:.1', /"\.1" is no tag/, /128/],
  ['nginx:1:2', /"1:2" is no tag/, /128/],
  ['nginx:1+2', /"1\+2" is no tag/, /128/],
  ['nginx@', /digest is empty/, /64/],
  ['nginx@sha256:abc', /"sha256:abc" is no digest/, /64/],
  [`nginx@${digest.toUpperCase()}`, /is no digest/, /64/],
  [`nginx@sha512:${hex}${hex}`, /its digest is sha512/, /the registry shows/],
  [`nginx@sha384:${hex}${hex.slice(32)}`, /its digest is sha384/, /the registry shows/],
  [`nginx@sha512:${hex}`, /is no digest/, /64/],
  [`nginx@${digest}:1`, /is no digest/, /64/],
  [`nginx@${digest}@${digest}`, /is no digest/, /64/],
  ['/app', /no repository path/, /slashes/],
  ['o//app', /no repository path/, /slashes/],
  ['ghcr.io/', /no name/, /behind the registry/],
  ['o/app/', /no name/, /behind the registry/],
  ['localhost:5000/', /no name/, /behind the registry/],
  ['ghcr.io/:1', /no name/, /behind the registry/],
  ['-app', /"-app" is no repository path/, /dashes/],
  ['app-', /no repository path/, /dashes/],
  ['a..b', /no repository path/, /dashes/],
  ['a___b', /no repository path/, /dashes/],
  ['a._b', /no repository path/, /dashes/],
  ['o/äpp', /no repository path/, /letters/],
  ['$IMAGE', /has upper-case letters/, /lower case/],
  ['${image}', /no repository path/, /letters/],
  ['-docker.io/o/app', /"-docker\.io" is no registry host/, /HOST:PORT/],
  ['foo_bar.com/app', /"foo_bar\.com" is no registry host/, /HOST:PORT/],
  ['host:port/app', /"host:port" is no registry host/, /HOST:PORT/],
  ['host:/app', /"host:" is no registry host/, /HOST:PORT/],
  ['[::1', /no repository path/, /slashes/],
  ['[fe80::1%eth0]:5000/app', /no registry host/, /IPV6/],
  ['[2001:db8::192.0.2.33]:5000/app', /no registry host/, /IPV6/],
  ['fc00::1:5000/app', /no registry host/, /IPV6/],
  ['[::1]', /no repository path/, /slashes/],
  ['a'.repeat(256), /264 characters/, /255/],
  ['ghcr.io/' + 'a'.repeat(256), /256 characters/, /255/],
]

describe('parseImageReference()', () => {
  it.each(good)('reads %j', (text, registry, repository, tag, pinned) => {
    expect(parseImageReference(text)).toEqual({
      text,
      registry,
      repository,
      tag: tag ?? null,
      digest: pinned ?? null,
    })
  })

  it.each(bad)('refuses %j', (text, problem, remedy) => {
    const error = thrownBy(() => parseImageReference(text))
    expect(error.code).toBe('reference')
    expect(error.message).toMatch(problem)
    expect(error.message).toContain(JSON.stringify(text))
    expect(error.remedy).toMatch(remedy)
  })

  it('throws nothing but the one error class, whatever the text', () => {
    const near = fc.stringMatching(/^[a-zA-Z0-9._:/@[\]-]{0,40}$/)
    const property = fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) =>
      answersOrRefuses(() => parseImageReference(text)),
    )
    expect(() => fc.assert(property, { numRuns: 400 })).not.toThrow()
  })
})

describe('formatImageReference()', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx'],
    [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`],
    [`ghcr.io/o/app@${digest}`, `ghcr.io/o/app@${digest}`],
  ])('writes %j in full', (text, canonical) => {
    expect(formatImageReference(parseImageReference(text))).toBe(canonical)
  })

  it.each(good)('writes what reads as the same again: %j', (text) => {
    const reference = parseImageReference(text)
    const canonical = formatImageReference(reference)
    expect(parseImageReference(canonical)).toEqual({ ...reference, text: canonical })
  })
})

describe('repositoryName()', () => {
  it('joins registry and repository', () => {
    expect(repositoryName(parseImageReference(`localhost:5000/o/app:1@${digest}`))).toBe(
      'localhost:5000/o/app',
    )
  })
})

describe('withPin()', () => {
  it.each([
    ['nginx:1.2', { tag: '1.3', digest }, `nginx:1.3@${digest}`],
    ['nginx', { tag: '1.3', digest }, `nginx:1.3@${digest}`],
    [`nginx:1.2@${other}`, { tag: '1.2', digest }, `nginx:1.2@${digest}`],
    [`nginx@${other}`, { tag: null, digest }, `nginx@${digest}`],
    [`nginx:1.2@${other}`, { tag: '1.3', digest: null }, 'nginx:1.3'],
    ['index.docker.io/nginx:1', { tag: '2', digest: null }, 'index.docker.io/nginx:2'],
    ['localhost:5000/app', { tag: '2', digest }, `localhost:5000/app:2@${digest}`],
    ['Registry/app:1', { tag: null, digest: null }, 'Registry/app'],
  ])('keeps the spelling of the name in %j', (text, pin, expected) => {
    expect(withPin(parseImageReference(text), pin)).toBe(expected)
  })

  it('refuses a tag that would not read as one', () => {
    const reference = parseImageReference('nginx:1.2')
    for (const tag of ['', '1.3 #', '1.3\n', '-1']) {
      expect(thrownBy(() => withPin(reference, { tag, digest })).code).toBe('reference')
    }
  })

  it.each(good)('changes nothing but tag and digest of %j', (text) => {
    const reference = parseImageReference(text)
    const pinned = parseImageReference(withPin(reference, { tag: 'new', digest: other }))
    expect(pinned).toEqual({ ...reference, text: pinned.text, tag: 'new', digest: other })
  })
})

describe('isDigest()', () => {
  it('takes sha256 in lower case and nothing else', () => {
    expect(isDigest(digest)).toBe(true)
    for (const text of [
      '',
      hex,
      digest.slice(0, -1),
      `${digest}0`,
      digest.toUpperCase(),
      `${digest}\n`,
    ]) {
      expect(isDigest(text)).toBe(false)
    }
  })
})

describe('isTag()', () => {
  it('takes what can stand in a reference', () => {
    expect(['1.2.3', '_x', 'a'.repeat(128)].every(isTag)).toBe(true)
    expect(['', '-x', '.x', 'a'.repeat(129), 'a b', '1+2', '1\n'].some(isTag)).toBe(false)
  })
})
