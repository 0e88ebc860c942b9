import { MagosError } from '../error.ts'
import {
  bestFor,
  isSamePlatform,
  parsePlatform,
  platformText,
  type Platform,
  type PlatformImage,
} from '../platform.ts'
import { ageText, momentText, parseAge } from './age.ts'
import { isOpen, parseWindow, windowText, type UpdateWindow } from './window.ts'

/** What a chosen image has to fulfil before it is committed. */
export interface Rules {
  /** ms since this daemon first saw the digest under its tag; 0 for at once. */
  readonly minAge: number
  /** All of them must be there; empty: the host's own. */
  readonly platforms: readonly Platform[]
  /** All of them must be open. */
  readonly windows: readonly UpdateWindow[]
}

/** Why an image is not committed now. `waits`: time alone will change it. */
export interface Obstacle {
  readonly kind: 'waits' | 'problem'
  readonly reason: string
  readonly remedy?: string
}

export const ruleKeys = ['minAge', 'platforms', 'window'] as const

export const noRules: Rules = { minAge: 0, platforms: [], windows: [] }

/** Reads the rules' keys of an annotation or of the daemon's guards. Throws `policy`. */
export function parseRules(fields: Readonly<Record<string, unknown>>): Rules {
  const { minAge, platforms, window } = fields
  return {
    minAge: minAge === undefined ? 0 : parseAge(minAge),
    platforms: platforms === undefined ? [] : parsePlatforms(platforms),
    windows: window === undefined ? [] : [parseWindow(window)],
  }
}

/** Both at once: the older age, every platform, every window. */
export function stricter(a: Rules, b: Rules): Rules {
  const known = a.platforms
  const more = b.platforms.filter((one) => !known.some((other) => isSamePlatform(one, other)))
  return {
    minAge: Math.max(a.minAge, b.minAge),
    platforms: [...known, ...more],
    windows: [...a.windows, ...b.windows],
  }
}

/** Whether the tag has named this digest for long enough. */
export function ageObstacle(
  { minAge }: Rules,
  tag: string,
  { firstSeen, now }: { readonly firstSeen: number; readonly now: number },
): Obstacle | null {
  const due = firstSeen + minAge
  if (now >= due) return null
  const reason = `"${tag}" waits until ${momentText(due)}: it was first seen ${momentText(firstSeen)}, and "minAge" is ${ageText(minAge)}`
  return { kind: 'waits', reason }
}

/** Whether the image is there for every platform that is wanted. */
export function platformObstacle(
  rules: Rules,
  host: Platform,
  tag: string,
  available: readonly Platform[],
): Obstacle | null {
  const missing = wantedPlatforms(rules, host).filter((one) => bestFor(one, available) === null)
  if (missing.length === 0) return null
  const there = available.length === 0 ? 'none' : available.map(platformText).join(', ')
  return {
    kind: 'problem',
    reason: `"${tag}" is not there for ${missing.map(platformText).join(', ')}; it is there for ${there}`,
    remedy: 'Wait until its publisher adds it, or name the platforms that count in "platforms"',
  }
}

/** Whether everybody who is wanted would get the very same image: then a changed index is no update. */
export function isSameForAll(
  rules: Rules,
  host: Platform,
  before: readonly PlatformImage[],
  after: readonly PlatformImage[],
): boolean {
  return wantedPlatforms(rules, host).every((one) => {
    const now = bestFor(one, after)
    return now !== null && now.digest === bestFor(one, before)?.digest
  })
}

function wantedPlatforms({ platforms }: Rules, host: Platform): readonly Platform[] {
  return platforms.length === 0 ? [host] : platforms
}

/** Whether images may change at this moment. */
export function windowObstacle({ windows }: Rules, now: number): Obstacle | null {
  const closed = windows.find((window) => !isOpen(window, now))
  if (closed === undefined) return null
  return { kind: 'waits', reason: `it waits for its window, ${windowText(closed)}` }
}

function parsePlatforms(value: unknown): readonly Platform[] {
  if (Array.isArray(value) && value.length > 0) return value.map(parsePlatform)
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 80)
  throw new MagosError('policy', `Cannot read "platforms" ${shown}: it is no list of platforms`, {
    remedy: 'write a list such as ["linux/amd64", "linux/arm64"], or leave it out',
  })
}
