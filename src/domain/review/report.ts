import type { CheckAnnotation, CheckReport } from '../event.ts'
import type { Problem } from '../problem.ts'
import type { ReviewedService } from './compare-stack.ts'

/** A stack of this host that a pull request touches. */
export interface ReviewedStack {
  readonly name: string
  readonly services: readonly ReviewedService[]
}

export interface Review {
  readonly host: string
  /** The pull request's head. */
  readonly commit: string
  /** null for what comes from a fork: of that only what `scan` says is told. */
  readonly stacks: readonly ReviewedStack[] | null
  readonly problems: readonly Problem[]
  /** Files that the pull request touches. */
  readonly changed: ReadonlySet<string>
}

/** What a check run says of a pull request. It fails for errors in files that the pull request touches. */
export function reviewReport({ host, commit, stacks, problems, changed }: Review): CheckReport {
  const touched = problems.filter(({ file }) => changed.has(file))
  const errors = touched.filter(({ severity }) => severity === 'error').length
  const services = (stacks ?? []).flatMap((stack) => stack.services)
  const moving = services.filter(({ action }) => action !== 'keep').length
  const plan = stacks === null ? '' : `${moving} of ${services.length} services change`
  const found = touched.length === 0 ? '' : `${touched.length} problems`
  const title = [plan, found].filter((part) => part !== '').join(', ')
  return {
    kind: 'check-run',
    commit,
    context: `magos/${host}`,
    conclusion: errors > 0 ? 'failure' : 'success',
    title: title === '' ? 'No problems' : title,
    summary: summary(host, stacks, touched),
    annotations: touched.map(annotation),
  }
}

function summary(host: string, stacks: Review['stacks'], problems: readonly Problem[]): string {
  const intro =
    stacks === null
      ? 'It comes from a fork: only what `magos scan` finds is told.'
      : `What merging this would do on \`${host}\`, as far as git tells; no provider was asked and nothing was decrypted.`
  const lines = problems.map(
    // A name of a file may close the code that it stands in.
    ({ file, line, message }) =>
      `- \`${file.replaceAll('`', '’')}:${line}\`: ${escape(message.replaceAll('`', '’'))}`,
  )
  return [
    intro,
    ...(stacks ?? []).map(stackTable),
    ...(lines.length === 0 ? [] : [`### Problems\n\n${lines.join('\n')}`]),
  ].join('\n\n')
}

function stackTable({ name, services }: ReviewedStack): string {
  const rows = services.map(
    (service) =>
      `| ${escape(service.name)} | ${actionText(service)} | ${service.reasons.map(escape).join('; ')} |`,
  )
  return [`### ${escape(name)}`, '', '| Service | Plan | Why |', '|---|---|---|', ...rows].join(
    '\n',
  )
}

function actionText({ action, certainty }: ReviewedService): string {
  return certainty === 'possible' ? `may ${action}` : action
}

function annotation({ file, line, severity, message, remedy }: Problem): CheckAnnotation {
  const level = severity === 'error' ? 'failure' : 'warning'
  return {
    path: file,
    line,
    level,
    message: remedy === undefined ? message : `${message}. ${remedy}`,
  }
}

/** Code stays code; nothing else of a name is Markdown or a mention. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/u)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/[\\*_{}[\]<>#~@]/gu, '\\$&')))
    .join('')
    .replaceAll('|', '\\|')
    .replaceAll(/\s+/gu, ' ')
}
