import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'

import { networkWords } from './tcp.ts'

/**
 * null where a GET was answered with the status, any from 200 to 299 where none is named; else why not. No redirect is
 * followed, no proxy asked, and of the answer only its head is read.
 */
export async function requestStatus(
  { url, status }: { readonly url: string; readonly status: number | null },
  patience: number,
  signal: AbortSignal,
): Promise<string | null> {
  const late = AbortSignal.timeout(patience)
  const options = {
    agent: false,
    headers: { 'user-agent': 'magos-dominus', accept: '*/*' },
    signal: AbortSignal.any([signal, late]),
  } as const
  try {
    const sent = url.startsWith('https:') ? secureRequest(url, options) : plainRequest(url, options)
    const answered = await answerTo(sent)
    const fits = status === null ? answered >= 200 && answered <= 299 : answered === status
    return fits ? null : `status ${answered}, not ${status ?? '200 to 299'}`
  } catch (thrown) {
    if (late.aborted) return `nothing within ${patience / 1000} s`
    return networkWords(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
}

async function answerTo(sent: ClientRequest): Promise<number> {
  return await new Promise((resolve, reject) => {
    sent.once('response', (response: IncomingMessage) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    // What breaks behind the head of the answer is nobody's business any more.
    sent.on('error', reject)
    sent.end()
  })
}
