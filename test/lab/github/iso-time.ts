/** GitHub's times have no fraction of a second. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/u, 'Z')
}
