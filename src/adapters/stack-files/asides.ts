import type { PlannedAside } from './apply.ts'
import { lookAt } from './look.ts'
import type { Aside } from './manifest.ts'
import type { Found } from './plan.ts'
import { digestOf, isSame, type Target } from './target.ts'

/** Names under which a person's bytes are kept: those that an interrupted call gave them, else the first free. */
export async function nameAsides(
  { home, target }: { readonly home: string; readonly target: Target },
  paths: readonly string[],
  inherited: readonly Aside[],
  found: (path: string) => Found,
): Promise<readonly PlannedAside[]> {
  const asides: PlannedAside[] = []
  for (const path of paths) {
    const there = found(path)
    const earlier = inherited.filter((one) => one.path === path)
    let reused: Aside | undefined
    for (const one of earlier) {
      const kept = await lookAt(home, one.savedAs)
      const isIt =
        kept.kind === 'content' && there.kind === 'content' && isSame(kept.content, there.content)
      if (isIt) reused = one
    }
    asides.push(
      reused === undefined
        ? { path, savedAs: await freeName(home, path, target), state: 'planned' }
        : { ...reused, state: 'kept' },
    )
  }
  return asides
}

async function freeName(home: string, path: string, target: Target): Promise<string> {
  const slash = path.lastIndexOf('/') + 1
  const name = path.slice(slash)
  // A name may have 255 bytes.
  const isLong = Buffer.byteLength(name) > 200
  const stem = isLong ? `long-name-${digestOf(Buffer.from(name)).slice(0, 16)}` : name
  for (let number = 1; ; number += 1) {
    const free = `${path.slice(0, slash)}${stem}.before-magos-${number}`
    if (!target.has(free) && (await lookAt(home, free)).kind === 'absent') return free
  }
}

/** Those of an interrupted call that were made. */
export async function stillThere(
  home: string,
  asides: readonly Aside[],
): Promise<readonly Aside[]> {
  const present: Aside[] = []
  for (const aside of asides) {
    if ((await lookAt(home, aside.savedAs)).kind !== 'absent') present.push(aside)
  }
  return present
}
