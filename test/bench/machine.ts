import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures come from, in one line. */
export function machineLine(now: Date): string {
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    `Linux ${release()}`.replace(
      'Linux',
      process.platform === 'linux' ? 'Linux' : process.platform,
    ),
    `Node ${process.version}`,
    now.toISOString().slice(0, 10),
  ].join(', ')
}

/** How much else went on: beside a load above the number of cores no time says much. */
export function loadLine(): string {
  return `load ${loadavg()
    .slice(0, 2)
    .map((load) => load.toFixed(1))
    .join(', ')} (1 and 5 minutes)`
}
