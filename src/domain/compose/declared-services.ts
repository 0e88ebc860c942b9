import type { Project } from './project.ts'

/** What the services of a project are called, as its files say. */
export interface DeclaredServices {
  readonly names: ReadonlySet<string>
  readonly profiles: ReadonlySet<string>
}

/** null where not everything could be read, so that there may be others. */
export function declaredServices(project: Project): DeclaredServices | null {
  const { files, problems } = project
  const isWhole = files.every(({ yaml }) => yaml.documents.length > 0)
  if (!isWhole || problems.length > 0) return null
  const all = files.flatMap((file) => project.services(file))
  const found = all.flatMap((one) =>
    one.services.names.flatMap((name) => one.services.get(name) ?? []),
  )
  return {
    names: new Set(all.flatMap((one) => one.services.names)),
    profiles: new Set(found.flatMap(({ profiles }) => profiles)),
  }
}
