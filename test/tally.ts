/** How many tests ended how. A suite that broke is itself one failed test, so that it can never pass unseen. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What of vitest's JSON report counts. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }

/**
 * Counts a suite by its report and its exit code. A file that failed outside its tests (an import, a hook), a run that
 * failed outside its files, a report that is missing, and a suite without tests each count as one failure.
 */
export function tally(report: string | null, exitCode: number | null): Tally {
  const parsed = report === null ? null : parseReport(report)
  if (parsed === null) return { ...NOTHING, failed: 1 }
  const counted = parsed.testResults.map(({ status, assertionResults }) => {
    const count = (wanted: string) =>
      assertionResults.filter((each) => each.status === wanted).length
    const [passed, failed] = [count('passed'), count('failed')]
    const broke = status === 'failed' && failed === 0 ? 1 : 0
    return { passed, failed: failed + broke, skipped: assertionResults.length - passed - failed }
  })
  const sum = counted.reduce(add, NOTHING)
  const isSilent = sum.failed === 0 && (exitCode !== 0 || sum.passed + sum.skipped === 0)
  return isSilent ? { ...sum, failed: 1 } : sum
}

export function add(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }
}

/** The last line of every run, which scripts read. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`
}

function parseReport(text: string): Report | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return isReport(parsed) ? parsed : null
  } catch {
    // vitest died while it wrote
    return null
  }
}

function isReport(value: unknown): value is Report {
  return (
    typeof value === 'object' &&
    value !== null &&
    'testResults' in value &&
    Array.isArray(value.testResults)
  )
}
