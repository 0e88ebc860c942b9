import { describe, expect, it } from 'vitest'
import { imageCommand } from '../../src/cli/image.ts'
import { recordingIo } from './recording-io.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('imageCommand() in JSON', () => {
  it('prints one document of what it read', async () => {
    const io = recordingIo('json')
    expect(await imageCommand(io, ['nginx', `ghcr.io/o/app:1@${digest}`])).toBe(0)
    expect(JSON.parse(io.stdout())).toEqual([
      {
        input: 'nginx',
        registry: 'docker.io',
        repository: 'library/nginx',
        tag: null,
        digest: null,
        canonical: 'docker.io/library/nginx',
      },
      {
        input: `ghcr.io/o/app:1@${digest}`,
        registry: 'ghcr.io',
        repository: 'o/app',
        tag: '1',
        digest,
        canonical: `ghcr.io/o/app:1@${digest}`,
      },
    ])
    expect(io.stderr()).toBe('')
  })

  it('tells a bad reference in its place and reads the others', async () => {
    const io = recordingIo('json')
    expect(await imageCommand(io, ['App', digest, 'nginx'])).toBe(1)
    expect(JSON.parse(io.stdout())).toMatchObject([
      { input: 'App', error: { code: 'reference', remedy: 'write it in lower case: app' } },
      { input: digest, error: { code: 'reference', remedy: expect.stringContaining('NAME@') } },
      { input: 'nginx', canonical: 'docker.io/library/nginx' },
    ])
  })
})

describe('imageCommand() in text', () => {
  it('prints a table', async () => {
    const io = recordingIo('text')
    expect(await imageCommand(io, ['nginx:1.2', 'localhost:5000/app'])).toBe(0)
    expect(io.stdout()).toBe(
      [
        'INPUT               REGISTRY        REPOSITORY     TAG  DIGEST',
        'nginx:1.2           docker.io       library/nginx  1.2  -',
        'localhost:5000/app  localhost:5000  app            -    -',
        '',
      ].join('\n'),
    )
  })

  it('tells a bad reference and its remedy on stderr', async () => {
    const io = recordingIo('text')
    expect(await imageCommand(io, ['nginx:'])).toBe(1)
    expect(io.stdout()).toBe('')
    expect(io.stderr()).toMatch(
      /^Cannot read image reference "nginx:": the tag is empty\n {2}A tag is/,
    )
  })
})
