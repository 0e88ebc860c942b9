import { describe, expect, it } from 'vitest'
import { chooseLine } from '../../handlers/steps/choose-line.ts'
import type { Watched } from '../../handlers/steps/watched-line.ts'
import type { RepositoryView } from '../../handlers/views.ts'
import { scanComposeFile } from '../../src/domain/compose/scan.ts'
import { parseRepositorySettings } from '../../src/domain/repository-settings.ts'

function watched(annotation: string): Watched {
  const text = `services:\n  web:\n    image: ghcr.io/o/app:1.0.0 # {"magos": ${annotation}}\n`
  const { settings } = parseRepositorySettings('.magos.yaml', null)
  const [image] = scanComposeFile('compose.yaml', text, settings).images
  if (image?.image === undefined || image.image === null || image.policy === null) {
    throw new Error('Expected an annotated line')
  }
  return { image, current: image.image, policy: image.policy }
}

function noChoices(): Pick<RepositoryView, 'lines'> {
  return { lines: { scan: null, choices: new WeakMap() } }
}

describe('chooseLine()', () => {
  it('chooses once for the very same list, and anew for another', () => {
    const view = noChoices()
    const line = watched('{"policy": "semver"}')
    const tags = ['1.0.0', '1.1.0']
    const choice = chooseLine(view, line, tags, 0)
    expect(choice).toMatchObject({ outcome: 'tag', tag: '1.1.0' })
    expect(chooseLine(view, line, tags, 1)).toBe(choice)
    expect(chooseLine(view, line, [...tags, '1.2.0'], 1)).toMatchObject({ tag: '1.2.0' })
  })

  it('looks again at what is ignored until a day', () => {
    const view = noChoices()
    const until = '"ignore": [{"tag": "1.1.0", "until": "2026-03-31"}]'
    const line = watched(`{"policy": "semver", ${until}}`)
    const tags = ['1.0.0', '1.1.0']
    const [before, after] = [Date.UTC(2026, 2, 31), Date.UTC(2026, 3, 1)]
    expect(chooseLine(view, line, tags, before).outcome).not.toBe('current')
    expect(chooseLine(view, line, tags, before)).not.toMatchObject({ tag: '1.1.0' })
    expect(chooseLine(view, line, tags, after)).toMatchObject({ outcome: 'tag', tag: '1.1.0' })
  })
})
