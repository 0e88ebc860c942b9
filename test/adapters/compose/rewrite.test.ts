import { describe, expect, it } from 'vitest'
import { rewritePaths } from '../../../src/adapters/compose/rewrite.ts'

const COPY = '/dev/shm/magos-1-2-AbCdEf'

describe('rewritePaths()', () => {
  it.each([
    [`${COPY}/apps/web`, '/srv/web'],
    [`${COPY}/apps/web/data`, '/srv/web/data'],
    [
      `--config=${COPY}/apps/web/a:${COPY}/shared/b`,
      '--config=/srv/web/a:/srv/web/.magos/repository/shared/b',
    ],
    [`${COPY}/apps/web2/data`, '/srv/web/.magos/repository/apps/web2/data'],
    [`${COPY}/apps/web-old`, '/srv/web/.magos/repository/apps/web-old'],
    [`${COPY}/apps/web.bak`, '/srv/web/.magos/repository/apps/web.bak'],
    [`${COPY}/apps`, '/srv/web/.magos/repository/apps'],
    [COPY, '/srv/web/.magos/repository'],
    [`${COPY}x/apps/web`, `${COPY}x/apps/web`],
    ['/etc/localtime', '/etc/localtime'],
    ['a$$b', 'a$$b'],
  ])('turns "%s" to "%s"', (text, expected) => {
    expect(rewrite(text, 'apps/web')).toBe(expected)
  })

  it('takes everything as the stack’s own where the stack is the root', () => {
    expect(rewrite(`${COPY}/data`, '')).toBe('/srv/web/data')
    expect(rewrite(COPY, '')).toBe('/srv/web')
  })

  it('doubles a `$` of the home, as the document’s own are', () => {
    expect(rewrite(`${COPY}/apps/web/x`, 'apps/web', '/srv/a$b$&')).toBe('/srv/a$$b$$&/x')
  })

  it('looks into lists, maps, their keys, and leaves other values alone', () => {
    const document = {
      name: 'shop',
      'x-own': { [`${COPY}/k`]: [1, true, null, { deep: `${COPY}/v` }] },
      services: { web: { scale: 2, volumes: [{ source: `${COPY}/d`, read_only: true }] } },
    }
    expect(rewritePaths(document, { copy: COPY, directory: '', home: '/h' })).toEqual({
      name: 'shop',
      'x-own': { '/h/k': [1, true, null, { deep: '/h/v' }] },
      services: { web: { scale: 2, volumes: [{ source: '/h/d', read_only: true }] } },
    })
  })
})

function rewrite(text: string, directory: string, home = '/srv/web'): unknown {
  const document = { services: { web: { text } } }
  const { services } = rewritePaths(document, { copy: COPY, directory, home })
  return services['web']?.['text']
}
