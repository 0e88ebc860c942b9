import { Option } from 'commander'
import type { Adding } from './adding.ts'
import type { PolicyOptions } from './policy.ts'

/** Commands that need their arguments and nothing of this host. */
export function addTextCommands({ add, choose }: Adding): void {
  add('image <ref...>', 'show how image references are read').action((refs: string[]) =>
    choose(async (io) => {
      const { imageCommand } = await import('./image.ts')
      return imageCommand(io, refs)
    }),
  )
  add('policy', 'show what a policy makes of a list of tags')
    .addOption(
      new Option(
        '--policy <kind>',
        'semver, calver, numeric, latest or digest',
      ).makeOptionMandatory(),
    )
    .requiredOption('--tags <file>', 'tags, one a line; - for stdin')
    .option('--range <range>', "semver's range, in npm's dialect")
    .option('--include <re>', 'keep tags that match')
    .option('--exclude <re>', 'drop tags that match')
    .option('--extract <re>', 'take the named group "version" out of a tag')
    .option('--prerelease', 'prereleases count too')
    .option('--max-jump <number>', 'how far the first number may rise at once')
    .option('--missing <what>', 'hold or proceed where the committed tag is not listed')
    .option('--ignore <tag...>', 'tags to pass over')
    .option('--tag <tag>', 'the tag that latest follows')
    .option('--digest <digest>', 'the digest that digest keeps')
    .option('--current <tag>', 'the committed tag')
    .action((options: PolicyOptions) =>
      choose(async (io) => {
        const { policyCommand } = await import('./policy.ts')
        return policyCommand(io, options)
      }),
    )
  add('scan [path...]', 'list the images of compose files, and what is wrong with them').action(
    (paths: string[]) =>
      choose(async (io) => {
        const { scanCommand } = await import('./scan.ts')
        return scanCommand(io, paths)
      }),
  )
  add('annotate [path...]', 'propose an annotation for every image that has none')
    .option('--write', 'write them; not one other byte changes')
    .action((paths: string[], { write = false }: { readonly write?: boolean }) =>
      choose(async (io) => {
        const { annotateCommand } = await import('./annotate.ts')
        return annotateCommand(io, paths, write ? 'write' : 'propose')
      }),
    )
  add('set-image <file> <service> <ref>', "change one service's image, and no other byte").action(
    (file: string, service: string, ref: string) =>
      choose(async (io) => {
        const { setImageCommand } = await import('./set-image.ts')
        return setImageCommand(io, file, service, ref)
      }),
  )
}
