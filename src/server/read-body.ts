export type Body =
  | { readonly outcome: 'read'; readonly text: string }
  | { readonly outcome: 'too-large' }
  /** The client went away, or broke the encoding. */
  | { readonly outcome: 'broken' }

/**
 * The whole body, at most `limit` bytes of it. A length that is told is judged before anything is read. A chunked body
 * is counted as it comes and cut. (`hono/body-limit` would make a web stream of every request, which costs a third of
 * the throughput.) Decoding drops a byte order mark and replaces what is no UTF-8, so such a body fails its signature.
 */
export async function readBody(request: Request, limit: number): Promise<Body> {
  const told = request.headers.get('content-length')
  if (told !== null && !/^\d{1,15}$/.test(told)) return { outcome: 'broken' }
  if (told !== null && Number(told) > limit) return { outcome: 'too-large' }
  try {
    if (told === null) return await readCounted(request, limit)
    const text = await request.text()
    // Under node:http the length is true; elsewhere the header may be anything.
    return isOver(text, limit) ? { outcome: 'too-large' } : { outcome: 'read', text }
  } catch {
    return { outcome: 'broken' }
  }
}

/** A UTF-16 unit makes three bytes at the most, so that a short text need not be counted. */
function isOver(text: string, limit: number): boolean {
  return text.length * 3 > limit && Buffer.byteLength(text) > limit
}

async function readCounted({ body }: Request, limit: number): Promise<Body> {
  if (body === null) return { outcome: 'read', text: '' }
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    // Leaving the loop cancels the stream.
    if (length > limit) return { outcome: 'too-large' }
    text += decoder.decode(chunk, { stream: true })
  }
  return { outcome: 'read', text: text + decoder.decode() }
}
