/** Whether a version is that one or a later one; what is missing or no number counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const [one, other] = [version, least].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  )
  for (let at = 0; at < 3; at += 1) {
    const difference = (one?.[at] ?? 0) - (other?.[at] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
