/** What engines print, cut to what is read: each as that version prints it. */

const LABELS = {
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'web',
  'com.docker.compose.container-number': '1',
}

export const ID = '067eba7d037dd11ca7c35503a42a13c061f7ed34efaa118108c6d2d0425ee9e4'
export const IMAGE = 'b7e9e6cd569c655f2ee446e0dfb5c401965bcad0bb8ee788f7a70d00ff49610f'
export const PLATFORM = `sha256:${'1'.repeat(64)}`
export const INDEX = `sha256:${'2'.repeat(64)}`

/** podman 4.3.1, Debian 12: a health check, its status beside a log. */
export const PODMAN_4_3 = {
  Id: ID,
  State: {
    Status: 'running',
    Running: true,
    Restarting: false,
    ExitCode: 0,
    StartedAt: '2026-11-23T14:31:13.025461355Z',
    FinishedAt: '0001-01-01T00:00:00Z',
    Health: { Status: 'starting', FailingStreak: 0, Log: null },
  },
  Image: IMAGE,
  ImageDigest: PLATFORM,
  ImageName: `127.0.0.1:5010/t/app@${INDEX}`,
  Name: 'shop-web-1',
  RestartCount: 0,
  Config: {
    Image: `127.0.0.1:5010/t/app@${INDEX}`,
    Labels: LABELS,
    Healthcheck: { Test: ['CMD', 'wget'], Interval: 1_000_000_000, Timeout: 30_000_000_000 },
  },
  HostConfig: { RestartPolicy: { Name: '', MaximumRetryCount: 0 } },
}

/** The same without a health check: podman 4 then has an empty status. */
export const PODMAN_4_UNCHECKED = {
  ...PODMAN_4_3,
  State: { ...PODMAN_4_3.State, Health: { Status: '', FailingStreak: 0, Log: null } },
  Config: { Image: PODMAN_4_3.Config.Image, Labels: LABELS },
}

/** podman 5 and 6: no health at all is null; times carry the zone; restart policies have their name. */
export const PODMAN_5_UNCHECKED = {
  ...PODMAN_4_UNCHECKED,
  State: { ...PODMAN_4_3.State, StartedAt: '2026-11-23T15:31:13.025461355+01:00', Health: null },
  HostConfig: { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } },
}

/** podman 3: the status lies under another name. */
export const PODMAN_3 = {
  ...PODMAN_4_3,
  State: { ...PODMAN_4_3.State, Health: undefined, Healthcheck: { Status: 'unhealthy' } },
}

/** docker: a slash before the name, the image's id with its algorithm and no digest, the tag kept. */
export const DOCKER = {
  Id: ID,
  Created: '2026-11-23T14:31:12.8Z',
  State: {
    Status: 'restarting',
    Running: true,
    Restarting: true,
    ExitCode: 7,
    StartedAt: '2026-11-23T14:31:13.025461355Z',
    Health: { Status: 'healthy', FailingStreak: 0, Log: [] },
  },
  Image: `sha256:${IMAGE}`,
  Name: '/shop-web-1',
  RestartCount: 4,
  Config: {
    Image: `127.0.0.1:5010/t/app:1@${INDEX}`,
    Labels: LABELS,
    Healthcheck: { Test: ['CMD-SHELL', 'true'], StartPeriod: 5_000_000_000, Retries: 5 },
  },
  HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } },
}

export const PODMAN_IMAGE = {
  Id: IMAGE,
  Digest: PLATFORM,
  RepoTags: [],
  RepoDigests: [`127.0.0.1:5010/t/app@${PLATFORM}`, `127.0.0.1:5010/t/app@${INDEX}`],
  RootFS: { Type: 'layers', Layers: [] },
}

export const DOCKER_IMAGE = {
  Id: `sha256:${IMAGE}`,
  RepoTags: ['127.0.0.1:5010/t/app:1'],
  RepoDigests: [`127.0.0.1:5010/t/app@${INDEX}`],
  RootFS: { Type: 'layers', Layers: [] },
}

export const PODMAN_PS = {
  Id: ID,
  Image: PODMAN_4_3.ImageName,
  ImageID: IMAGE,
  Labels: LABELS,
  Names: ['shop-web-1'],
  State: 'running',
}

/** docker's labels are one text. */
export const DOCKER_PS = {
  ID,
  Image: '127.0.0.1:5010/t/app:1',
  Labels: `com.docker.compose.service=web,com.docker.compose.image=sha256:${IMAGE},com.docker.compose.project=shop`,
  Names: 'shop-web-1',
  State: 'running',
}
