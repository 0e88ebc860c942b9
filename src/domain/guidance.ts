/** What a person can do about a trouble, and where it stands in the repository. */
export interface Guidance {
  readonly remedy?: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** Of something that says more, the guidance alone. */
export function guidanceOf({ remedy, file, line, column }: Guidance): Guidance {
  return {
    ...(remedy === undefined ? {} : { remedy }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }
}
