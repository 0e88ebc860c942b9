/** A process of its own on a store: `node worker.ts ACTION PATH`. Every line that it prints is a fact on disk. */
import { writeSync } from 'node:fs'
import { takeLock } from '../../../src/adapters/store/lock.ts'
import { openStore } from '../../../src/adapters/store/store.ts'
import type { Inbox } from '../../../src/ports.ts'

const [, , action = '', path = ''] = process.argv

/** Synchronous, so that a line is out before anything else happens. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}

async function acceptForEver(inbox: Inbox): Promise<never> {
  for (;;) {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        print(`accepted ${await inbox.accept({ kind: 'revision-pushed' }, { source: 'webhook' })}`)
      }),
    )
  }
}

async function settleForEver(inbox: Inbox): Promise<never> {
  for (;;) {
    await inbox.accept({ kind: 'revision-pushed' }, { source: 'webhook' })
    const [oldest] = inbox.pending()
    if (oldest === undefined) continue
    const origin = { source: 'own', delivery: String(oldest.id) } as const
    inbox.settle([oldest.id], oldest.id, [{ event: { kind: 'installation-changed' }, origin }])
    print(`settled ${oldest.id}`)
  }
}

if (action === 'lock') {
  print(takeLock(path) === null ? 'refused' : 'locked')
  setInterval(() => undefined, 60_000)
} else {
  const { inbox } = openStore({ path, now: Date.now })
  print('open')
  if (action === 'accept') await acceptForEver(inbox)
  if (action === 'settle') await settleForEver(inbox)
  if (action === 'request') {
    const id = await inbox.accept({ kind: 'sync-requested', stack: 'web' }, { source: 'operator' })
    while (inbox.answer(id) === undefined) {
      await new Promise((resolve) => void setTimeout(resolve, 10))
    }
    print(`answer ${JSON.stringify(inbox.answer(id))}`)
  }
}
