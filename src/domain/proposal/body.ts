import { policyText } from '../change.ts'
import { repositoryName } from '../image-reference.ts'
import { ageText, momentText } from '../policy/age.ts'
import { platformText } from '../platform.ts'
import type { Rules } from '../policy/rules.ts'
import { windowText } from '../policy/window.ts'
import type { Update } from '../update.ts'
import type { SourceLink } from './source-link.ts'

/** One update with what a person wants to know before it is merged. */
export interface ProposedUpdate {
  readonly update: Update
  readonly stacks: readonly string[]
  /** ms since the epoch when this host first saw the digest under its tag; null: just now. */
  readonly firstSeen: number | null
  readonly link: SourceLink | null
  /** What it had to fulfil to be proposed. */
  readonly rules: Rules
}

/** GitHub refuses more. */
const longest = 65_536
const room = 1_500

/**
 * What a pull request says: versions, digests, age, source and what it was held against. It tells moments instead of
 * spans, so that it is as true tomorrow.
 */
export function proposalBody(
  proposed: readonly ProposedUpdate[],
  { host, automerge }: { readonly host: string; readonly automerge: 'never' | 'when-green' },
): string {
  const sections: string[] = []
  let length = room
  for (const one of proposed) {
    const text = section(one)
    if (length + text.length > longest) break
    sections.push(text)
    length += text.length + 2
  }
  const left = proposed.length - sections.length
  const rest = left === 0 ? [] : [`… and ${left} more: the commit names all of them.`]
  return [...sections, ...rest, footer(host, automerge)].join('\n\n')
}

function section({ update, stacks, firstSeen, link, rules }: ProposedUpdate): string {
  const { image, current, tag, digest, policy, reason } = update
  const rows = [
    ['File', `${code(`${image.file}:${image.line}`)} (${image.services.map(code).join(', ')})`],
    ['Stack', stacks.map(code).join(', ')],
    ['From', version(current.tag, current.digest)],
    ['To', version(tag, digest)],
    ['First seen', firstSeen === null ? 'at this look' : momentText(firstSeen)],
    ['Policy', code(policyText(policy))],
    ['Because', plain(reason)],
    ['Gates', gates(rules)],
    ['Source', link === null ? 'the image names none' : sources(link)],
  ]
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`)
  return [`### ${code(repositoryName(current))}`, '', '| | |', '|---|---|', ...table].join('\n')
}

function version(tag: string | null, digest: string | null): string {
  const parts = [tag, digest].flatMap((part) => (part === null ? [] : [code(part)]))
  return parts.length === 0 ? 'not pinned' : parts.join(' ')
}

function gates({ minAge, platforms, windows }: Rules): string {
  const passed = [
    ...(minAge === 0 ? [] : [`at least ${ageText(minAge)} old`]),
    platforms.length === 0
      ? 'there for this host’s platform'
      : `there for ${platforms.map(platformText).map(code).join(', ')}`,
    ...windows.map((window) => `in its window, ${plain(windowText(window))}`),
  ]
  return `passed: ${passed.join('; ')}`
}

function sources({ source, compare }: SourceLink): string {
  return compare === null ? `<${source}>` : `<${source}> ([what changed](${compare}))`
}

function footer(host: string, automerge: 'never' | 'when-green'): string {
  const merging = automerge === 'when-green' ? 'Magos merges it once every check has passed. ' : ''
  return [
    '---',
    `Proposed by Magos on ${code(host)}. ${merging}It is brought up to date as newer versions come, as long as nobody else commits on its branch. Closing it means "not this version": the next one is proposed again.`,
  ].join('\n')
}

/** As code nothing in it is Markdown, mentions nobody and links to nothing. */
function code(text: string): string {
  const single = text.replaceAll(/\s+/gu, ' ').replaceAll('|', '\\|')
  return single.includes('`') ? `\`\` ${single} \`\`` : `\`${single}\``
}

/** Words of ours around names of others. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~@]/gu, '\\$&').replaceAll(/\s+/gu, ' ')
}
