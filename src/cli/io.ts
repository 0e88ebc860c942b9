/** What a command may touch. Answers go to stdout, messages to stderr. */
export interface Io {
  readonly format: 'json' | 'text'
  /** Width of the terminal on stdout, 0 when it is none. */
  readonly columns: number
  write(text: string): void
  note(text: string): void
  /** Content of a file as UTF-8, stdin for `-`. Throws `usage` when it cannot be read. */
  readFile(path: string): Promise<string>
  /** Replaces a file in one step and keeps its mode. Throws `storage`. */
  replaceFile(path: string, content: string): Promise<void>
  /** Content of a file that lies in the repository of `beside`, symlinks followed; refuses every other. */
  readBeside(beside: string, path: string): Promise<ReadBeside>
  /** null for stdin, and for what lies in no repository. */
  surroundings(path: string): Promise<Surroundings | null>
  /** Names of the files in a directory, not of those below; none where there is no such directory. */
  namesIn(directory: string): Promise<readonly string[]>
  /**
   * Files below a directory, or the file itself; paths as given, joined with `/`. Directories in it that we may not enter
   * are left out. Throws `usage`.
   */
  listFiles(path: string): Promise<readonly string[]>
}

export type ReadBeside =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'absent' | 'outside' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** The repository that a path lies in; without one, the working directory where the path lies below it. */
export interface Surroundings {
  /** Absolute. */
  readonly root: string
  /** The path that was asked after, from the root; empty for the root itself. */
  readonly path: string
  /** A path from the root as it is named from here, in the way of what was asked after. */
  given(path: string): string
}

/** For what is no text. */
export interface ByteIo {
  /** Content of a file, stdin for `-`. Throws `usage` when it cannot be read. */
  read(path: string): Promise<Uint8Array>
  /** To stdout. */
  write(bytes: Uint8Array): void
}

/** 0 done · 1 the answer is no · 2 usage or configuration · 3 something outside failed · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130
