const day = 86_400_000

/**
 * When a registry that had enough wants to be asked again, ms since the epoch; undefined where it does not say. The header
 * holds seconds or a date; GHCR writes a Go duration into the body. Never later than in a day.
 */
export function retryAtOf(
  headers: Readonly<Record<string, string>>,
  body: string,
  now: number,
): number | undefined {
  const wait = headerWait(headers['retry-after'] ?? '', now) ?? bodyWait(body)
  return wait === undefined ? undefined : now + Math.ceil(Math.min(Math.max(wait, 0), day))
}

function headerWait(header: string, now: number): number | undefined {
  const text = header.trim()
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000
  // Date.parse reads almost anything as a date, "-5" too.
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at - now
}

function bodyWait(body: string): number | undefined {
  const [, text] =
    /retry-after:\s*((?:\d{1,12}(?:\.\d{1,12})?(?:ns|us|µs|μs|ms|s|m|h))+)/i.exec(
      body.slice(0, 4096),
    ) ?? []
  if (text === undefined) return undefined
  let total = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)([a-zµμ]+)/gi)) {
    total += Number(amount) * (durationUnits[unit.toLowerCase()] ?? 0)
  }
  return total
}

// https://pkg.go.dev/time#ParseDuration, in ms; both spellings of micro.
const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
