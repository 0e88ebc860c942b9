import { MagosError } from '../../domain/error.ts'
import type { KeyGroup, KeyGroups, Recipient } from '../../domain/sops/metadata.ts'
import type { Identities, KeyIdentity } from './identities.ts'
import { combineShares } from './shamir.ts'

/** AES-256. */
const KEY_LENGTH = 32

/**
 * The key that a file's values are encrypted with. Every identity is tried on every entry, for the recipient that an
 * entry names is text that anybody may have edited. Of several key groups as many are opened as the threshold says.
 * Throws `unsupported-recipient` where no recipient is of a kind that is read here, `no-identity` where none opens.
 */
export async function openDataKey(
  groups: KeyGroups,
  identities: Identities,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const recipients = groups.groups.flat()
  if (!recipients.some(isAge)) throw unsupported(recipients)
  const several = groups.groups.length > 1
  // Not fewer than two: a single share is no secret.
  const needed = several ? Math.max(groups.threshold ?? groups.groups.length, 2) : 1
  const length = several ? KEY_LENGTH + 1 : KEY_LENGTH
  const asked: Identities[] = []
  const opened: Uint8Array[] = []
  for (const group of groups.groups) {
    if (opened.length === needed) break
    const part = await openGroup(group, { identities, length, asked }, signal)
    if (part !== null) opened.push(part)
  }
  const key = several ? combineShares(opened) : (opened[0] ?? null)
  if (opened.length === needed && key !== null) return key
  const all = [identities, ...asked]
  const state = several
    ? `${needed} key groups are needed, and the keys of this host open ${opened.length}`
    : stateOf(all, recipients)
  throw noIdentity(state, all, recipients)
}

interface Opening {
  readonly identities: Identities
  readonly length: number
  /** Identities that were handed out for single recipients, for the message. */
  readonly asked: Identities[]
}

async function openGroup(
  recipients: KeyGroup,
  { identities, length, asked }: Opening,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const entries = recipients.filter(isAge)
  for (const { enc } of entries) {
    signal.throwIfAborted()
    const part = await openEntry(enc, identities.found, length)
    if (part !== null) return part
  }
  for (const { recipient, enc } of entries) {
    const more = await identities.ask(recipient, signal)
    if (more === null) continue
    asked.push(more)
    const part = await openEntry(enc, more.found, length)
    if (part !== null) return part
  }
  return null
}

async function openEntry(
  enc: string,
  identities: readonly KeyIdentity[],
  length: number,
): Promise<Uint8Array | null> {
  const file = await unarmored(enc)
  if (file === null) return null
  for (const identity of identities) {
    const part = await identity.open(file)
    if (part?.length === length) return part
  }
  return null
}

async function unarmored(enc: string): Promise<Uint8Array | null> {
  const { armor } = await import('age-encryption')
  try {
    return armor.decode(enc)
  } catch {
    return null
  }
}

type AgeRecipient = Extract<Recipient, { readonly kind: 'age' }>

function isAge(recipient: Recipient): recipient is AgeRecipient {
  return recipient.kind === 'age'
}

function unsupported(recipients: readonly Recipient[]): MagosError {
  const kinds = new Set(recipients.map((one) => (one.kind === 'age' ? 'age' : one.name)))
  return new MagosError(
    'unsupported-recipient',
    `Open the data key: it is encrypted to ${[...kinds].join(', ')} alone, and Magos reads age`,
    {
      remedy:
        'Add an age recipient with "sops rotate --add-age", or name the program of sops as secrets.sops in the daemon’s YAML',
    },
  )
}

function stateOf(all: readonly Identities[], recipients: readonly Recipient[]): string {
  const count = all.reduce((sum, { found }) => sum + found.length, 0)
  if (count === 0) return 'this host has no key'
  const places = [...new Set(all.flatMap(({ places: some }) => some))].join(', ')
  return `no key of this host (${places}) opens it; it is encrypted to ${named(recipients)}`
}

function noIdentity(
  state: string,
  all: readonly Identities[],
  recipients: readonly Recipient[],
): MagosError {
  const passedOver = [...new Set(all.flatMap((one) => one.passedOver))]
  const others = passedOver.length === 0 ? '' : `; passed over: ${passedOver.join('; ')}`
  return new MagosError('no-identity', `Open the data key: ${state}${others}`, {
    remedy: `Give this host the key of ${named(recipients)} by SOPS_AGE_KEY_FILE, or add its own with "sops rotate --add-age"`,
  })
}

/** The text is nobody's word, so no more of it is shown than a recipient looks like. */
function named(recipients: readonly Recipient[]): string {
  const names = recipients.map((one) => (one.kind === 'age' ? shortened(one.recipient) : one.name))
  const [first = 'nobody', ...rest] = new Set(names)
  return rest.length === 0 ? first : `${first} and ${rest.length} more`
}

function shortened(recipient: string): string {
  const safe = recipient.replace(/[^A-Za-z0-9+/=@. -]/g, '?')
  return safe.length > 66 ? `${safe.slice(0, 63)}…` : safe
}
