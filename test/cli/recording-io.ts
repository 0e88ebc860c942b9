import { MagosError } from '../../src/domain/error.ts'
import type { Io } from '../../src/cli/io.ts'

export interface RecordingIo extends Io {
  /** What went to stdout and stderr so far. */
  readonly stdout: () => string
  readonly stderr: () => string
}

/** An Io in memory: files are texts by their path, `-` is stdin. */
export function recordingIo(
  format: Io['format'],
  { files = {}, columns = 0 }: { files?: Readonly<Record<string, string>>; columns?: number } = {},
): RecordingIo {
  let stdout = ''
  let stderr = ''
  return {
    format,
    columns,
    write: (text) => {
      stdout += text
    },
    note: (text) => {
      stderr += text
    },
    readFile: (path) => {
      const content = files[path]
      return content === undefined
        ? Promise.reject(new MagosError('usage', `Cannot read "${path}": there is no such file`))
        : Promise.resolve(content)
    },
    replaceFile: (path) =>
      Promise.reject(
        new MagosError('storage', `Cannot write "${path}": this test writes no files`),
      ),
    readBeside: (_, path) => {
      const text = files[path]
      return Promise.resolve(text === undefined ? { kind: 'absent' } : { kind: 'file', text })
    },
    surroundings: () => Promise.resolve(null),
    namesIn: () => Promise.resolve([]),
    listFiles: () => Promise.resolve(Object.keys(files)),
    stdout: () => stdout,
    stderr: () => stderr,
  }
}
