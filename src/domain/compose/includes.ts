import type { Node } from 'yaml'

import type { Mappings } from './mapping.ts'
import { child, text, texts, type Text } from './node-text.ts'

/** One item of a file's `include`. */
export interface Include {
  /** Files that are read as one, the first overridden by the later ones. */
  readonly paths: readonly Text[]
  /** What the included files' own paths are relative to. */
  readonly projectDirectory: string
  /** Where their variables are read from, the last file that sets one rules. */
  readonly environment: readonly Text[]
  /** `usual` where the item names no environment file, so that the `.env` of its directory counts. */
  readonly variables: 'named' | 'usual'
}

/** https://github.com/compose-spec/compose-spec/blob/main/14-include.md */
export function readIncludes(read: Mappings, root: Node | null): readonly Include[] {
  const includes = child(read, root, 'include')
  return includes === null ? [] : read.items(includes).map((item) => readInclude(read, item))
}

function readInclude(read: Mappings, item: Node): Include {
  const paths = text(item) === null ? texts(read, child(read, item, 'path')) : texts(read, item)
  const named = text(child(read, item, 'project_directory'))
  const first = paths[0]?.value ?? ''
  const directory = first.includes('/') ? first.slice(0, first.lastIndexOf('/') + 1) : '.'
  const files = texts(read, child(read, item, 'env_file'))
  return {
    paths,
    projectDirectory: named?.value ?? directory,
    environment: files.filter(({ value }) => value !== '/dev/null'),
    variables: files.length > 0 ? 'named' : 'usual',
  }
}
