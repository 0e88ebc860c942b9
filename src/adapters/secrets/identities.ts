import type { Decrypter, Identity } from 'age-encryption'
import { parseSshKey } from './ssh-key.ts'
import { sshIdentities } from './ssh-identity.ts'

/** One private key of this host. */
export interface KeyIdentity {
  /** Opens an age file; null where it is not encrypted to this key, or does not authenticate. */
  open(file: Uint8Array): Promise<Uint8Array | null>
}

/** The keys that this host has, and why others do not count. */
export interface Identities {
  readonly found: readonly KeyIdentity[]
  /** Where they were found, in the user's words. */
  readonly places: readonly string[]
  /** Places whose keys cannot be used: `"PATH": why`. */
  readonly passedOver: readonly string[]
  /** Keys that are handed out for one recipient alone, by a program; asked after all others. */
  ask(recipient: string, signal: AbortSignal): Promise<Identities | null>
}

/** What a text of keys holds, and what of it cannot be used; no word of it repeats the text. */
export interface ReadKeys {
  readonly found: readonly KeyIdentity[]
  readonly refusals: readonly string[]
}

/** Reads a file of age identities, one a line, or a private key of OpenSSH. */
export async function readKeys(text: string): Promise<ReadKeys> {
  if (/^\s*(?:age-encryption\.org\/v1|-----BEGIN AGE ENCRYPTED FILE-----)/.test(text)) {
    return refused('it is protected by a passphrase, and nobody is there to type it')
  }
  if (/^\s*-----BEGIN /.test(text)) return await readSshKey(text)
  const lines = text.split(/\r?\n/).flatMap((line, index) => words(line, index + 1))
  const read = await Promise.all(lines.map(({ word, line }) => readAgeKey(word, line)))
  return {
    found: read.flatMap((each) => ('refusal' in each ? [] : [each])),
    refusals: read.flatMap((each) => ('refusal' in each ? [each.refusal] : [])),
  }
}

function refused(refusal: string): ReadKeys {
  return { found: [], refusals: [refusal] }
}

/** `SOPS_AGE_KEY` separates keys by blanks as well; a comment ends with its line. */
function words(line: string, number: number): readonly { word: string; line: number }[] {
  if (line.trimStart().startsWith('#')) return []
  const found = line.split(/\s+/).filter((word) => word !== '')
  return found.map((word) => ({ word, line: number }))
}

async function readSshKey(text: string): Promise<ReadKeys> {
  const read = parseSshKey(text)
  if ('refusal' in read) return refused(read.refusal)
  const found = await Promise.all(sshIdentities(read.key).map(keyIdentity))
  return { found, refusals: [] }
}

async function readAgeKey(word: string, line: number): Promise<KeyIdentity | { refusal: string }> {
  if (word.startsWith('AGE-PLUGIN-')) {
    return { refusal: `line ${line} needs a plugin of age, and none is run` }
  }
  if (!/^AGE-SECRET-KEY-(?:PQ-)?1/.test(word)) {
    return { refusal: `line ${line} is no age identity` }
  }
  try {
    return await keyIdentity(word)
  } catch {
    // The library's words may repeat a part of the key.
    return { refusal: `line ${line} is a damaged age identity` }
  }
}

async function keyIdentity(identity: string | Identity): Promise<KeyIdentity> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  return { open: (file) => openFile(decrypter, file) }
}

/** The library throws alike for another's file and for a damaged one: neither opens. */
async function openFile(decrypter: Decrypter, file: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await decrypter.decrypt(file)
  } catch {
    return null
  }
}
