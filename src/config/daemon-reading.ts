import type { ConfigProblem } from './problem.ts'
import type { YamlText } from './yaml.ts'

export interface DaemonYamlInput {
  readonly file: string
  readonly text: string
  readonly homeDirectory: string
  readonly readFile: (path: string) => string | null
  /** Problems found are added here. */
  readonly problems: ConfigProblem[]
}

/** An open YAML and where to tell its problems. */
export interface Reading {
  readonly input: DaemonYamlInput
  readonly document: YamlText
}

/** Notes what is wrong at a key or its value. */
export function refuse(
  { input, document }: Reading,
  keys: readonly unknown[],
  message: string,
  origin: 'key' | 'value' = 'value',
): void {
  const place = document.place(keys, origin)
  input.problems.push({ variable: null, place, message, remedy: null })
}
