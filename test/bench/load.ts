import { connect, type Socket } from 'node:net'
import type { Delivery } from './deliveries.ts'

export interface LoadOptions {
  readonly port: number
  /** Taken in turn. */
  readonly deliveries: readonly Delivery[]
  readonly connections: number
  readonly ms: number
  readonly signal: AbortSignal
}

export interface Load {
  /** Answers with 202. */
  readonly accepted: number
  readonly refused: number
  /** ms each, of all answers. */
  readonly latencies: readonly number[]
  readonly ms: number
}

/**
 * Sends over kept connections, each one delivery at a time, until the time is over. Bare sockets, because the sender
 * shares the machine with what it measures.
 */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const { port, deliveries, connections, ms, signal } = options
  const begun = performance.now()
  const latencies: number[] = []
  let accepted = 0
  let next = 0
  const drive = async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, signal })
    const answers = readAnswers(socket)
    try {
      while (performance.now() - begun < ms) {
        next += 1
        const delivery = deliveries[next % deliveries.length]
        if (delivery === undefined) throw new Error('There is nothing to send')
        const sent = performance.now()
        socket.write(delivery.request)
        const { value } = await answers.next()
        if (value === undefined) throw new Error('The server closed the connection')
        latencies.push(performance.now() - sent)
        if (value === 202) accepted += 1
      }
    } finally {
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: connections }, drive))
  return {
    accepted,
    refused: latencies.length - accepted,
    latencies,
    ms: performance.now() - begun,
  }
}

/** The status of each answer, once all of it is here. */
async function* readAnswers(socket: Socket): AsyncGenerator<number, undefined> {
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) break
      const head = text.slice(0, end).toLowerCase()
      const length = Number(/^content-length: (\d+)/m.exec(head)?.[1])
      if (Number.isNaN(length)) throw new Error(`An answer without a length: ${head}`)
      if (text.length < end + 4 + length) break
      text = text.slice(end + 4 + length)
      yield Number(head.slice(9, 12))
    }
  }
  return undefined
}
