/** One request a repository by a bare undici pool, in a process of its own: `node registry-floor.ts PORT REPOSITORIES ROUNDS`. */
import { Pool } from 'undici'

const [, , port = '', count = '', rounds = ''] = process.argv
const repositories = Number(count)
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 8 })
const headers = { accept: 'application/json', authorization: 'Bearer bench' }

async function ask(index: number): Promise<void> {
  const path = `/v2/bench/app-${index}/tags/list?n=1000`
  const { body } = await pool.request({ path, method: 'GET', headers })
  await body.text()
}

const times: number[] = []
for (let round = 0; round < Number(rounds); round += 1) {
  const begun = performance.now()
  await Promise.all(Array.from({ length: repositories }, (_, index) => ask(index)))
  times.push(performance.now() - begun)
}
console.log(JSON.stringify({ times, peak: process.resourceUsage().maxRSS / 1024 }))
await pool.close()
