import { describe, expect, it } from 'vitest'
import { completeDocument } from '../../../src/adapters/compose/podman-compose.ts'

const BASE = '/copy/apps/web'

describe('completeDocument()', () => {
  it('doubles every `$` once, as podman-compose prints them single', () => {
    const document = { services: { web: { environment: { A: 'x$y', B: 'x$$y', C: 'x${Z}y' } } } }
    expect(completeDocument(document, BASE).services['web']).toEqual({
      environment: { A: 'x$$y', B: 'x$$$$y', C: 'x$${Z}y' },
    })
  })

  it('makes paths absolute, and only paths', () => {
    const document = {
      services: {
        web: {
          volumes: [
            './data:/data',
            '../../shared/f:/f:ro',
            'named:/n',
            '/abs:/abs',
            '~/x:/x',
            '/anonymous',
            { type: 'bind', source: './long', target: '/long' },
            { type: 'volume', source: 'named', target: '/v' },
          ],
          env_file: ['app.env', { path: './b.env', required: false }],
          build: { context: '../../build', dockerfile: 'Dockerfile' },
          command: './start.sh',
        },
        other: { build: './here', env_file: 'one.env' },
        remote: { build: 'https://example.org/x.git' },
      },
      configs: { cc: { file: './cc.txt' } },
      secrets: { ss: { file: '../../shared/ss.txt' } },
    }
    expect(completeDocument(document, BASE)).toEqual({
      services: {
        web: {
          volumes: [
            '/copy/apps/web/data:/data',
            '/copy/shared/f:/f:ro',
            'named:/n',
            '/abs:/abs',
            '~/x:/x',
            '/anonymous',
            { type: 'bind', source: '/copy/apps/web/long', target: '/long' },
            { type: 'volume', source: 'named', target: '/v' },
          ],
          env_file: ['/copy/apps/web/app.env', { path: '/copy/apps/web/b.env', required: false }],
          build: { context: '/copy/build', dockerfile: 'Dockerfile' },
          command: './start.sh',
        },
        other: { build: '/copy/apps/web/here', env_file: '/copy/apps/web/one.env' },
        remote: { build: 'https://example.org/x.git' },
      },
      configs: { cc: { file: '/copy/apps/web/cc.txt' } },
      secrets: { ss: { file: '/copy/shared/ss.txt' } },
    })
  })

  it('makes labels a map, and leaves out services of profiles that nobody chose', () => {
    const document = {
      services: {
        web: { labels: ['a=b=c', 'd'] },
        debug: { profiles: ['debug'] },
        always: { profiles: [] },
      },
    }
    expect(completeDocument(document, BASE).services).toEqual({
      web: { labels: { a: 'b=c', d: '' } },
      always: { profiles: [] },
    })
  })

  it.each([
    ['extends', { services: { web: { extends: { service: 'base' } } } }, /service "web" extends/],
    ['include', { services: {}, include: ['x.yaml'] }, /includes others/],
  ])('refuses `%s` with the remedy', (_name, document, message) => {
    expect(() => completeDocument(document, BASE)).toThrow(message)
    expect(() => completeDocument(document, BASE)).toThrow(
      expect.objectContaining({ code: 'compose', remedy: expect.stringContaining('Compose v2') }),
    )
  })
})
