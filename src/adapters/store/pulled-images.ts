import type { PulledImages } from '../../ports.ts'
import type { Database } from './database.ts'

/** `PulledImages` on SQLite: every call is one transaction, on disk when it returns. */
export function createPulledImages({ connection, transaction, attempt }: Database): PulledImages {
  const all = connection.prepare('SELECT image, at FROM pulled_images ORDER BY image')
  const note = connection.prepare('INSERT OR REPLACE INTO pulled_images (image, at) VALUES (?, ?)')
  const forget = connection.prepare('DELETE FROM pulled_images WHERE image = ?')
  const write = (work: () => unknown) => void transaction('Write pulled images to', work)
  return {
    all: () =>
      attempt('Read pulled images from', () => all.all()).map((row) => ({
        image: String(row['image']),
        at: Number(row['at']),
      })),
    note: ({ image, at }) => write(() => note.run(image, at)),
    forget: (image) => write(() => forget.run(image)),
  }
}
