import { MagosError } from '../../domain/error.ts'

/**
 * The full name of a branch that git itself would create. Throws `configuration`: a name that starts with a dash would be
 * an option, one with `..` or `@{` an expression. Rules: https://git-scm.com/docs/git-check-ref-format
 */
export function branchRef(branch: string): string {
  const problem = branchProblem(branch)
  if (problem === null) return `refs/heads/${branch}`
  throw new MagosError('configuration', `Watch branch ${JSON.stringify(branch)}: ${problem}`, {
    remedy: 'Set MD_BRANCH to the short name of a branch, such as "main"',
  })
}

function branchProblem(branch: string): string | null {
  if (branch === '') return 'the name is empty'
  if (branch.startsWith('-')) return 'the name starts with a dash'
  if (branch === 'HEAD' || branch === '@') return 'the name is taken by git'
  if (branch.startsWith('refs/')) return 'the name is a full reference'
  if (branch.includes('..') || branch.includes('@{')) return 'the name is an expression'
  // eslint-disable-next-line no-control-regex -- control characters are what the rule of git names
  if (/[\u0000-\u0020\u007F~^:?*[\\]/u.test(branch)) return 'the name holds a forbidden character'
  if (branch.endsWith('.')) return 'the name ends in a dot'
  return branch.split('/').some(isBadPart) ? 'the name has a forbidden part' : null
}

function isBadPart(part: string): boolean {
  return part === '' || part.startsWith('.') || part.endsWith('.lock')
}
