/** One thing that was looked at, and what a person can do about it. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** null where nothing has to be done. */
  readonly remedy: string | null
}

export interface DoctorAnswer {
  readonly checks: readonly Check[]
  /** What was put right, in words. */
  readonly fixed: readonly string[]
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail, remedy: null }
}

export function warn(name: string, detail: string, remedy: string): Check {
  return { name, status: 'warn', detail, remedy }
}

export function fail(name: string, detail: string, remedy: string): Check {
  return { name, status: 'fail', detail, remedy }
}
