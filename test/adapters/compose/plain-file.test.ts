import { describe, expect, it } from 'vitest'
import { readPlainFile } from '../../../src/adapters/compose/plain-file.ts'
import { requestOf } from '../../contracts/compose.ts'

const surroundings = new Map([
  ['HOME', '/home/me'],
  ['PWD', '/copy/apps/web'],
])

function read(texts: Readonly<Record<string, string>>, over = {}) {
  return readPlainFile({ ...requestOf('shop', texts), ...over }, surroundings)
}

const file = (text: string) => ({ 'apps/web/compose.yaml': text })

describe('readPlainFile()', () => {
  it('fills variables from the surroundings before .env, and keeps types', () => {
    const { document, warnings } = read({
      ...file(`
x-base: &base {restart: "\${RESTART}"}
services:
  web:
    <<: *base
    image: app:\${TAG:-1}
    init: "\${INIT}"
    mem_limit: 5
    environment: {A: "$HOME", B: "\${INIT}", C: "a$$b", P: "\${COMPOSE_PROJECT_NAME}"}
    command: [sleep, "\${SECONDS}"]
    deploy: {replicas: "\${COUNT}"}
    "$KEY": 1
`),
      'apps/web/.env': 'HOME=/wrong\nRESTART=always\nINIT=true\nSECONDS=60\nCOUNT=2\n',
    })
    expect(warnings).toEqual([])
    expect(document['services']).toEqual({
      web: {
        restart: 'always',
        image: 'app:1',
        init: true,
        mem_limit: 5,
        environment: { A: '/home/me', B: 'true', C: 'a$b', P: 'shop' },
        command: ['sleep', '60'],
        deploy: { replicas: 2 },
        $KEY: 1,
      },
    })
  })

  it('reads the named env files in place of .env, the last first', () => {
    const texts = {
      ...file('services: {web: {image: "a:${A}${B}${C}"}}'),
      'apps/web/.env': 'A=9\nB=9\n',
      'apps/web/one.env': 'A=1\nB=1\n',
      'apps/web/two.env': 'B=2\n',
    }
    const { document, warnings } = read(texts, {
      envFiles: ['apps/web/one.env', 'apps/web/two.env'],
    })
    expect(document).toEqual({ services: { web: { image: 'a:12' } } })
    expect(warnings).toEqual(['The "C" variable is not set. Defaulting to a blank string.'])
  })

  it.each([
    ['an include', 'include: [other.yaml]\nservices: {}', /it includes others/],
    ['extends', 'services: {a: {extends: b}, b: {image: x}}', /it extends another service, "a"/],
    ['no mapping', '- a', /it is no mapping/],
    ['broken YAML', 'services: {\n', /it is no YAML/],
    ['a broken variable', 'services: {a: {image: "${"}}', /a "\$\{" stands before no name/],
    ['a missing variable', 'services: {a: {image: "${X:?say which}"}}', /say which/],
    ['a bomb', bomb(), /it is no YAML/],
  ])('refuses %s with its file and a remedy', (_title, text, expected) => {
    const refused = () => read(file(text))
    expect(refused).toThrow(expected)
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'compose',
        place: expect.objectContaining({ file: 'apps/web/compose.yaml' }),
        remedy: expect.any(String),
      }),
    )
  })

  it('refuses a file that overrides another', () => {
    const files = ['apps/web/compose.yaml', 'apps/web/compose.override.yaml']
    expect(() => read(file('services: {}'), { files })).toThrow('compose.override.yaml')
  })

  it('names the line of an env file, and nothing that stands there', () => {
    const texts = { ...file('services: {}'), 'apps/web/.env': 'A=1\nhunter2 x\n' }
    expect(() => read(texts)).toThrow(
      'Read "apps/web/.env": line 2 cannot be read, it is no NAME=value',
    )
  })

  it('refuses a named env file that is not there', () => {
    expect(() => read(file('services: {}'), { envFiles: ['apps/web/x.env'] })).toThrow(
      'Read env file "apps/web/x.env": there is none',
    )
  })
})

function bomb(): string {
  const levels = [1, 2, 3, 4, 5, 6].map(
    (n) =>
      `x-${n}: &m${n} [${Array(20)
        .fill(`*m${n - 1}`)
        .join(', ')}]\n`,
  )
  return `x-0: &m0 [a]\n${levels.join('')}services: {}\n`
}
