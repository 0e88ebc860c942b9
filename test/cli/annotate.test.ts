import { describe, expect, it } from 'vitest'
import { annotateCommand } from '../../src/cli/annotate.ts'
import { recordingIo } from './recording-io.ts'

const file = 'shop/compose.yaml'
const before = 'services:\n  web:\n    image: nginx:1.27.0\n  db:\n    image: db:${TAG}\n'
const after = before.replace(
  '1.27.0\n',
  '1.27.0  # {"magos": {"policy": "semver", "range": "^1"}}\n',
)

function io(format: 'json' | 'text', files: Readonly<Record<string, string>> = { [file]: before }) {
  const written = new Map<string, string>()
  const recording = recordingIo(format, { files })
  const replaceFile = async (path: string, content: string) => void written.set(path, content)
  return { io: { ...recording, replaceFile }, recording, written }
}

describe('annotateCommand()', () => {
  it('proposes, and writes nothing unless it is told to', async () => {
    const { io: json, recording, written } = io('json')
    expect(await annotateCommand(json, [], 'propose')).toBe(0)
    expect(JSON.parse(recording.stdout())).toEqual({
      proposals: [
        {
          file,
          line: 3,
          column: 12,
          services: ['web'],
          image: 'nginx:1.27.0',
          comment: '# {"magos": {"policy": "semver", "range": "^1"}}',
          reason: '"1.27.0" is a version',
        },
      ],
      skipped: [
        {
          file,
          line: 5,
          column: 12,
          services: ['db'],
          image: 'db:${TAG}',
          reason: 'variable "TAG" is controlled by the environment or a .env that is not here',
        },
      ],
      problems: [],
      written: false,
    })
    expect(written.size).toBe(0)
  })

  it('writes the files that change, and those alone', async () => {
    const others = { [file]: before, 'done/compose.yaml': after }
    const { io: text, recording, written } = io('text', others)
    expect(await annotateCommand(text, [], 'write')).toBe(0)
    expect([...written]).toEqual([[file, after]])
    expect(recording.stdout()).toContain('1 annotations written')
    expect(recording.stdout()).toContain('LEFT ALONE')
  })

  it('answers 1 for a broken file, and goes on with the others', async () => {
    const files = { 'a/compose.yaml': 'services: {web: {image: a\n', [file]: before }
    const { io: text, recording, written } = io('text', files)
    expect(await annotateCommand(text, [], 'write')).toBe(1)
    expect([...written.keys()]).toEqual([file])
    expect(recording.stderr()).toContain('a/compose.yaml:2')
  })

  it('refuses standard input', async () => {
    const { io: text } = io('text')
    await expect(annotateCommand(text, ['-'], 'write')).rejects.toMatchObject({ code: 'usage' })
  })
})
