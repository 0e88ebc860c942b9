import type { CommitOutcome } from '../../ports.ts'

type Held = Extract<CommitOutcome, { outcome: 'held' }>

/** What stands in the way until a person acts; null where the refusal is none of these. */
export function readRule(
  { status, message }: { readonly status: number; readonly message: string },
  branch: string,
): Held | null {
  const found = rules.find(
    ({ statuses, pattern }) => statuses.includes(status) && pattern.test(message),
  )
  if (found === undefined) return null
  const reason = `GitHub refuses a commit on "${branch}": ${message}`
  return { outcome: 'held', reason, remedy: found.remedy(branch) }
}

interface Rule {
  readonly statuses: readonly number[]
  readonly pattern: RegExp
  readonly remedy: (branch: string) => string
}

const rules: readonly Rule[] = [
  {
    statuses: [403, 404, 422],
    pattern: /without `?workflows?`? (?:permission|scope)/iu,
    remedy: () => 'Grant the GitHub App "Workflows: write", or keep such files out of the stack',
  },
  {
    statuses: [403],
    pattern: /archived/iu,
    remedy: () => 'Unarchive the repository, or point MD_REPO elsewhere',
  },
  {
    // Rulesets, and the older branch protection.
    statuses: [403, 422],
    pattern:
      /rule violations|protected (?:ref|branch)|through a pull request|required status check|approving review|verified signatures|authorized to push to this branch|locked branch/iu,
    remedy: (branch) =>
      `Put the GitHub App on the bypass list of the rules for "${branch}", or lift the rule`,
  },
]
