/** Where a request goes. Whoever asks one host again and again has its origin already, and needs no URL for each question. */
export interface Target {
  /** As `URL.origin` writes it. */
  readonly origin: string
  /** Path and query, encoded, from their slash on. */
  readonly path: string
}

export function targetOf(url: URL): Target {
  return { origin: url.origin, path: `${url.pathname}${url.search}` }
}

/** Without its query, which may carry a signature or a token. */
export function targetText({ origin, path }: Target): string {
  const query = path.indexOf('?')
  return query === -1 ? origin + path : origin + path.slice(0, query)
}

/** `HOST` or `HOST:PORT`. */
export function hostOf({ origin }: Pick<Target, 'origin'>): string {
  return origin.slice(origin.indexOf('//') + 2)
}
