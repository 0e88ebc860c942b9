import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** One service that answers with its version on this port of loopback. */
export function composeFile(image: string, port: number): string {
  return `services:
  web:
    image: ${image}
    init: true
    stop_grace_period: 0s
    ports: ["127.0.0.1:${port}:8080"]
`
}

/** ms between two questions, and until one that nobody answers is given up. */
const EVERY = 10
const PATIENCE = 400
const DEADLINE = 60_000

/** Resolves when the port answers with this text. Questions overlap: one that goes into the void holds up no other. */
export async function served(port: number, wanted: string, signal: AbortSignal): Promise<void> {
  let answered = ''
  const listen = async () => {
    const text = await ask(port)
    if (text !== '') answered = text
  }
  await until(() => {
    void listen()
    return answered === wanted
  }, signal)
}

/** Asks again and again until the answer is more than nothing; rejects when the time is over. */
export async function until<Answer>(
  look: () => Answer | Promise<Answer>,
  signal: AbortSignal,
): Promise<NonNullable<Answer>> {
  const late = performance.now() + DEADLINE
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== null && answer !== false) return answer
    if (performance.now() > late) throw new Error(`Wait: nothing came within ${DEADLINE / 1000} s`)
    await sleep(EVERY, undefined, { signal })
  }
}

/** What it answers, trimmed; empty where it does not. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent: false, timeout: PATIENCE }
    const request = get(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('close', () => resolve(text.trim()))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(''))
  })
}
