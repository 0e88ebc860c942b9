import { defineConfig } from 'vitest/config'
import { SlowFilesFirst } from './test/slow-files-first.ts'

export default defineConfig({
  test: {
    // vitest leaves a core to its watcher; on two cores that is half of the machine
    maxWorkers: '100%',
    sequence: { sequencer: SlowFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{domain,handlers,config,cli,server,work,host,main,adapters,architecture,contracts,month}/**/*.test.ts',
          ],
          // ends what hangs; how fast a machine is decides no test
          testTimeout: 30_000,
          // no module holds state, so files of one worker share what they import
          isolate: false,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/engine/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'install',
          include: ['test/install/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
