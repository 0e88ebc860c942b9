import { Agent, request } from 'node:http'

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface LoadOptions {
  readonly port: number
  readonly path: string
  /** Taken in turn. */
  readonly deliveries: readonly Delivery[]
  readonly connections: number
  readonly ms: number
}

export interface Load {
  /** Answers with 202. */
  readonly accepted: number
  readonly refused: number
  /** ms each, of all answers. */
  readonly latencies: readonly number[]
  readonly ms: number
}

/** Sends over kept connections, each one delivery at a time, until the time is over. */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const { deliveries, connections, ms } = options
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  const begun = performance.now()
  let accepted = 0
  let next = 0
  const drive = async () => {
    while (performance.now() - begun < ms) {
      next += 1
      const delivery = deliveries[next % deliveries.length]
      if (delivery === undefined) throw new Error('There is nothing to send')
      const sent = performance.now()
      const status = await send(options, agent, delivery)
      latencies.push(performance.now() - sent)
      if (status === 202) accepted += 1
    }
  }
  await Promise.all(Array.from({ length: connections }, drive))
  agent.destroy()
  const refused = latencies.length - accepted
  return { accepted, refused, latencies, ms: performance.now() - begun }
}

function send(
  { port, path }: Pick<LoadOptions, 'port' | 'path'>,
  agent: Agent,
  { headers, body }: Delivery,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: 'POST', agent, headers }
    const outgoing = request(options, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode))
      answer.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
