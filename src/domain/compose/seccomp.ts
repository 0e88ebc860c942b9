/** A seccomp profile that an option of `security_opt` names, and what is written before it. */
export interface SeccompProfile {
  readonly start: string
  readonly path: string
}

/** The file behind `seccomp=PATH` or `seccomp:PATH`; null for every other option, and for profiles that are no file. */
export function seccompProfile(option: unknown): SeccompProfile | null {
  if (typeof option !== 'string') return null
  const [, start = '', path = ''] = /^(seccomp[:=])(.+)$/.exec(option) ?? []
  return path === '' || path === 'unconfined' || path === 'builtin' ? null : { start, path }
}
