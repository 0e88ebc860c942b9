import { parseMode, type Delivery, type DeliveryMode } from '../delivery.ts'
import { MagosError } from '../error.ts'

/** How pull requests of updates are made; what stands in `.magos.yaml` under `pullRequests:` and `groups:`. */
export interface PullRequestSettings {
  readonly labels: readonly string[]
  /** Logins of people. */
  readonly reviewers: readonly string[]
  /** `when-green`: merged by Magos once every check passed. */
  readonly automerge: 'never' | 'when-green'
}

export interface GroupSettings extends Partial<PullRequestSettings> {
  readonly mode?: DeliveryMode
}

/** All that a repository says about delivery. */
export interface DeliverySettings {
  readonly mode: DeliveryMode
  /** For images that name none. */
  readonly group: string | null
  readonly pullRequests: PullRequestSettings
  readonly groups: ReadonlyMap<string, GroupSettings>
}

export const usualDelivery: DeliverySettings = {
  mode: 'commit',
  group: null,
  pullRequests: { labels: [], reviewers: [], automerge: 'never' },
  groups: new Map(),
}

/** The image's own word counts first, then its group's, then the repository's. */
export function resolveDelivery(
  own: Delivery,
  { mode, group, groups }: DeliverySettings,
): { readonly mode: DeliveryMode; readonly group: string | null } {
  const named = own.group ?? group
  const ofGroup = named === null ? undefined : groups.get(named)?.mode
  return { mode: own.mode ?? ofGroup ?? mode, group: named }
}

/** What holds for one group's pull request; null for an image of its own. */
export function pullRequestSettings(
  { pullRequests, groups }: DeliverySettings,
  group: string | null,
): PullRequestSettings {
  const own = group === null ? undefined : groups.get(group)
  const { labels, reviewers, automerge } = { ...pullRequests, ...own }
  return { labels, reviewers, automerge }
}

type Fields = Readonly<Record<string, unknown>>

/** Keys of `pullRequests:`. Throws `configuration` for a value that is none. */
export function parsePullRequests(fields: Fields): Partial<PullRequestSettings> {
  refuseUnknown(fields, pullRequestKeys)
  const { labels, reviewers, automerge } = fields
  return {
    ...(labels === undefined ? {} : { labels: parseNames('labels', labels, isLabel) }),
    ...(reviewers === undefined ? {} : { reviewers: parseNames('reviewers', reviewers, isLogin) }),
    ...(automerge === undefined ? {} : { automerge: parseAutomerge(automerge) }),
  }
}

/** Keys of one group below `groups:`: those of `pullRequests:`, and `mode`. */
export function parseGroupSettings({ mode, ...fields }: Fields): GroupSettings {
  const settings = parsePullRequests(fields)
  return mode === undefined ? settings : { ...settings, mode: parseMode(mode) }
}

const pullRequestKeys: readonly string[] = ['labels', 'reviewers', 'automerge']

function refuseUnknown(fields: Fields, known: readonly string[]): void {
  const foreign = Object.keys(fields).find((key) => !known.includes(key))
  if (foreign === undefined) return
  throw new MagosError('configuration', `Pull requests have the unknown key "${foreign}"`, {
    remedy: `Write one of ${known.join(', ')}`,
  })
}

function parseNames(
  key: string,
  value: unknown,
  fits: (name: string) => boolean,
): readonly string[] {
  const names = Array.isArray(value) ? value.map((name: unknown) => name) : [null]
  if (names.every((name): name is string => typeof name === 'string' && fits(name))) return names
  throw new MagosError(
    'configuration',
    `Cannot read "${key}" ${shown(value)}: it is no list of names`,
    {
      remedy: `Write ${key}: [NAME, …], each as GitHub has it`,
    },
  )
}

/** GitHub takes 50 characters and splits at commas. */
function isLabel(name: string): boolean {
  return name.trim() !== '' && name.length <= 50 && !name.includes(',')
}

function isLogin(name: string): boolean {
  return /^[a-z\d](?:[a-z\d-]{0,37}[a-z\d])?$/iu.test(name)
}

function parseAutomerge(value: unknown): PullRequestSettings['automerge'] {
  if (value === true) return 'when-green'
  if (value === false) return 'never'
  throw new MagosError(
    'configuration',
    `Cannot read "automerge" ${shown(value)}: it is no answer`,
    {
      remedy: 'Write true or false, without quotes',
    },
  )
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80)
}
