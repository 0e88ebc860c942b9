import { lookAt } from './look.ts'
import { knownContents } from './lay.ts'
import type { Manifest } from './manifest.ts'
import { isOurs } from './plan.ts'

/** Whether what lies at a path below the home is what we wrote there, byte for byte. */
export async function isLaidThere(manifest: Manifest, path: string): Promise<boolean> {
  const known = knownContents(manifest).get(path)
  return known !== undefined && isOurs(await lookAt(manifest.home, path), known)
}
