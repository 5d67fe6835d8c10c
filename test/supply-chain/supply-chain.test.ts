// What Sluice is made of: named, by digest, and no more than it runs.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
}
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
interface Manifest {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
/** The packages of this repository; the program is bundled of them too. */
const own = readdirSync(new URL('../../packages', import.meta.url)).map(
  (folder) => JSON.parse(read(`packages/${folder}/package.json`)) as Manifest,
);
const isOwnName = (name: string): boolean => own.some((each) => each.name === name);
const dependencies = [manifest, ...own]
  .flatMap((each) => Object.entries(each.dependencies ?? {}))
  .filter(([name]) => !isOwnName(name));

describe('the lock', () => {
  // The workspace's own packages are no downloads: a folder of this repository, and a link to it.
  const isOwn = (path: string, { resolved }: Locked): boolean =>
    path === '' || path.startsWith('packages/') || resolved?.startsWith('packages/') === true;
  const packages = Object.entries(lock.packages).filter(([path, locked]) => !isOwn(path, locked));

  it('names the integrity of every package, those of other platforms too', () => {
    const without = packages.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it('names no registry, so that each machine asks its own', () => {
    expect(packages.filter(([, { resolved, link }]) => resolved !== undefined || link === true)).toEqual([]);
  });

  it('is of the same versions as each package.json', () => {
    const pinned = dependencies.filter(([, wanted]) => !wanted.startsWith('^'));
    const locked = pinned.map(([name]) => [name, lock.packages[`node_modules/${name}`]?.version]);
    expect(locked).toEqual(pinned);
  });
});

interface Bom {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { purl: string } };
  components: { purl: string; name: string; version: string; hashes?: { alg: string; content: string }[] }[];
}

describe('npm run sbom', () => {
  let bom: Bom;
  beforeAll(() => {
    bom = JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8' })) as Bom;
  });

  it('writes CycloneDX of this version', () => {
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.[5-9]$/) });
    expect(bom.metadata.component.purl).toBe(`pkg:npm/sluice@${manifest.version}`);
  });

  it('names everything that the program is bundled of, with its hash', () => {
    const names = dependencies.map(([name]) => name);
    const versionOf = (name: string) =>
      bom.components.find(({ purl }) => purl.startsWith(`pkg:npm/${name.replace('@', '%40')}@`))?.version;
    expect(names.map((name) => [name, versionOf(name)])).toEqual(
      names.map((name) => [name, lock.packages[`node_modules/${name}`]?.version]),
    );
    const downloaded = bom.components.filter(({ name }) => !isOwnName(name));
    expect(downloaded.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([]);
  });

  it('names nothing that only builds or tests it', () => {
    const names = bom.components.map(({ name }) => name);
    for (const name of ['vitest', 'typescript', 'oxlint', 'fast-check']) expect(names).not.toContain(name);
  });
});

describe('the image', () => {
  const lines = read('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n');
  const stages = lines
    .join('\n')
    .split(/^FROM /m)
    .slice(1);
  const [final = ''] = stages.slice(-1);

  it('is built from images that a release names by digest, and that are not made up here', () => {
    expect(stages.map((stage) => stage.split(/\s/, 1)[0])).toEqual([
      '${NODE_IMAGE}',
      '${GO_IMAGE}',
      '${RUNTIME_IMAGE}',
    ]);
    const release = read('.github/workflows/release.yml');
    for (const name of ['NODE_IMAGE', 'GO_IMAGE', 'RUNTIME_IMAGE']) {
      expect(lines.find((line) => line.startsWith(`ARG ${name}=`))).not.toContain('@sha256:');
      expect(release).toContain(`--build-arg "${name}=$${name}"`);
    }
  });

  it('holds the program, Node and what renders, of the versions that are tried, and installs nothing besides', () => {
    expect(final).not.toMatch(/^RUN /m);
    const copied = [...final.matchAll(/^COPY (.*)$/gm)].map(([, what]) => what);
    expect(copied).toEqual([
      '--from=build /app/package.json ./package.json',
      '--from=build /app/dist ./dist',
      '--from=tools /out /usr/local/bin',
    ]);
    for (const tool of ['kustomize', 'helm']) expect(stages[1]).toContain(`COPY test/e2e/install/go/${tool} `);
    expect(read('Dockerfile')).not.toMatch(/apt-get|apk add|curl |wget /);
  });

  it('runs as nobody in particular, with the flags of the program itself', () => {
    expect(final).toMatch(/^USER 10001:10001$/m);
    const [first = ''] = read('src/main.ts').split('\n');
    const flags = first.split(' ').slice(3);
    const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(final)?.[1] ?? '[]') as string[];
    expect(entry).toEqual(['/nodejs/bin/node', ...flags, '/app/dist/sluice.js']);
  });
});

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps: { run?: string; uses?: string; with?: Record<string, unknown> }[] }>;
}

describe.each(['ci', 'release'])('the workflow %s', (name) => {
  const workflow = load(read(`.github/workflows/${name}.yml`)) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it('may read and no more, unless a job says otherwise', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  it('leaves no credentials behind where it checks out', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts).not.toEqual([]);
    for (const { with: inputs } of checkouts) expect(inputs).toMatchObject({ 'persist-credentials': false });
  });

  it('puts nothing that a person can name into a script', () => {
    for (const { run = '' } of steps) {
      const inserted = [...run.matchAll(/\$\{\{\s*(.*?)\s*\}\}/g)].map(([, what]) => what);
      expect(inserted.filter((what) => !['secrets.GITHUB_TOKEN', 'github.actor'].includes(what ?? ''))).toEqual([]);
    }
  });
});

describe('a release', () => {
  const release = read('.github/workflows/release.yml');

  it.each([
    ['is signed', 'cosign sign --yes "$IMAGE@$DIGEST"'],
    ['carries its SBOM', 'cosign attest --yes --type cyclonedx'],
    ['carries its provenance', 'actions/attest-build-provenance@'],
    ['resolves the digests of its base images', 'docker buildx imagetools inspect'],
  ])('%s', (_, words) => {
    expect(release).toContain(words);
  });
});
