// The story: v1 is deployed from Git, v2 is good and promoted, v3 is bad, caught, and undone. Each chapter is a real push, and each
// ending is checked against the cluster and the repository.
import path from 'node:path';
import { shortCommit } from '../../api/revision.ts';
import type { ServedSandbox } from 'kube-sandbox/served';
import { WorkingCopy } from './git.ts';
import type { Screen } from './screen.ts';
import type { Picture, Story } from './story.ts';
import type { Telling } from './strategies.ts';

export interface Chapter {
  title: string;
  commit: string;
  outcome: string;
  /** Seconds from the push to the end of the chapter. */
  tookS: number;
  /** Milliseconds from the push to the first traffic of the new revision; undefined where it got none. */
  firstWeightMs: number | undefined;
}

export interface Ending {
  chapters: Chapter[];
  /** Milliseconds from the return of the bad measurement to the traffic being taken away, as the controller measured it. */
  badSampleToZeroMs: number | undefined;
  /** Milliseconds from the bad measurement to the Rollout and its ConfigMap being what v2 declared. */
  revertCommit: string;
  revertMessage: string;
  note: string;
  requests: { total: number; failed: number };
}

export interface Play {
  story: Story;
  screen: Screen;
  sandbox: ServedSandbox;
  dir: string;
  metricsURL: string;
  telling: Telling;
  /** Folder of the example's manifests. */
  examples: string;
}

export const HOST = 'web.shop.example.com';
const RPS = 200;

const GREETINGS = {
  v1: '"hello from the shop"',
  v2: '"hello, and have a look at the sale"',
  v3: '"hello from the new checkout"',
};

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected that ${what}`);
}

const isServing =
  (commit: string) =>
  (picture: Picture): true | undefined => {
    const status = picture.rollout?.status;
    const settled =
      status?.phase === 'Healthy' && status.observedGeneration === String(picture.rollout?.metadata.generation);
    return settled && status.stableRevision?.commit === commit ? true : undefined;
  };

function changed(
  before: string,
  image: string,
  greetings: [string, string],
): { rollout: [string, string][]; config: [string, string][] } {
  return { rollout: [[`web:${before}`, `web:${image}`]], config: [greetings] };
}

/** Keeps the picture's success rate and redraws while `work` is under way. */
async function drawn<T>(play: Play, work: Promise<T>): Promise<T> {
  const query = (errors: string): string =>
    `sum(rate(istio_requests_total{destination_service_name="${play.telling.measured}"${errors}}[3s]))`;
  const text = `${query(',response_code!~"5.."')} / ${query('')}`;
  let over = false;
  const redraw = async (): Promise<void> => {
    while (!over) {
      play.story.picture.successRate =
        play.story.picture.canaryWeight > 0 ? await successRate(play.sandbox, text) : undefined;
      if (!over) play.screen.draw(play.story.picture);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const drawing = redraw();
  try {
    return await work;
  } finally {
    over = true;
    await drawing;
  }
}

async function successRate(sandbox: ServedSandbox, query: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${sandbox.prometheusURL}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await response.json()) as { data?: { result?: { value?: [number, string] }[] } };
    const value = Number(body.data?.result?.[0]?.value?.[1]);
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Begins to note when the new revision was first seen to get traffic. */
function noteFirstWeight({ story, telling }: Play): () => number | undefined {
  let at: number | undefined;
  const from = story.moments.length;
  return () => (at ??= story.moments.slice(from).find((m) => telling.arrives.test(m.text))?.at);
}

async function release(
  play: Play,
  title: string,
  push: () => Promise<{ commit: string; at: number }>,
  done: (commit: string) => Promise<string>,
): Promise<Chapter> {
  play.screen.heading(title);
  const firstWeight = noteFirstWeight(play);
  const { commit, at } = await push();
  play.story.tell(`git push: ${shortCommit(commit)}`, 'plain', at);
  const outcome = await done(commit);
  const first = firstWeight();
  return {
    title,
    commit,
    outcome,
    tookS: (Date.now() - at) / 1000,
    firstWeightMs: first === undefined ? undefined : first - at,
  };
}

/** What the Rollout and the ConfigMap in the cluster declare now. */
function live({ story, sandbox }: Play): { image: string | undefined; greeting: string | undefined } {
  const config = sandbox.store.get({ group: '', kind: 'ConfigMap' }, 'web-config', 'shop') as
    { data?: Record<string, string> } | undefined;
  return {
    image: story.picture.rollout?.spec.template.spec?.containers[0]?.image?.split(':').at(-1),
    greeting: config?.data?.['GREETING'],
  };
}

async function badSampleToZero(metricsURL: string): Promise<number | undefined> {
  const text = await (await fetch(metricsURL)).text();
  const seconds = Number(/^sluice_bad_sample_to_zero_seconds_sum (.+)$/m.exec(text)?.[1]);
  return Number.isNaN(seconds) || seconds === 0 ? undefined : seconds * 1000;
}

async function first(play: Play, copy: WorkingCopy): Promise<Chapter> {
  const push = async () => {
    await copy.copyFrom(play.examples, 'deploy');
    return copy.push('Declare the shop, v1');
  };
  return release(play, 'v1: the first revision is deployed from Git', push, async (commit) => {
    await play.story.until('v1 to be healthy', isServing(commit));
    return 'deployed';
  });
}

async function good(play: Play, copy: WorkingCopy): Promise<Chapter> {
  const { rollout, config } = changed('v1', 'v2', [GREETINGS.v1, GREETINGS.v2]);
  const push = async () => {
    await copy.edit('deploy/rollout.yaml', ...rollout);
    await copy.edit('deploy/config.yaml', ...config);
    return copy.push('Release v2: announce the sale');
  };
  return release(play, play.telling.good, push, async (commit) => {
    await play.story.until('v2 to be promoted', isServing(commit), 60_000);
    return 'promoted';
  });
}

async function bad(play: Play, copy: WorkingCopy): Promise<Chapter> {
  const { rollout, config } = changed('v2', 'v3', [GREETINGS.v2, GREETINGS.v3]);
  const push = async () => {
    const faulty: [string, string] = [
      '          envFrom:',
      '          env:\n            - { name: ERROR_RATE, value: "0.2" }\n          envFrom:',
    ];
    await copy.edit('deploy/rollout.yaml', ...rollout, faulty);
    await copy.edit('deploy/config.yaml', ...config);
    return copy.push('Release v3: the new checkout');
  };
  return release(
    play,
    'v3: a fifth of its requests fail; the same commit changes the ConfigMap its pods read',
    push,
    async (commit) => {
      const { story } = play;
      const hold = await story.until(
        'v3 to be held',
        ({ application }) => application?.status?.holds?.find((h) => h.rejected.commit === commit),
        60_000,
      );
      expect(story.picture.canaryWeight === 0, 'all traffic is back on the stable revision');
      await story.until('the cluster to be what v2 declared', () => {
        const { image, greeting } = live(play);
        return image === 'v2' && greeting === GREETINGS.v2.slice(1, -1) ? true : undefined;
      });
      story.tell('Rollout and ConfigMap are again what the commit of v2 declared', 'good');
      await story.until('the restoring commit to be applied', ({ rollout: r, application }) =>
        (application?.status?.holds ?? []).length === 0 && r?.status?.phase === 'Healthy' ? true : undefined,
      );
      return `aborted and reverted: ${hold.reason}`;
    },
  );
}

/** What Git says at the end: the restored files, the commit that says why, the evidence on both commits. */
async function readGit(
  copy: WorkingCopy,
  chapters: readonly Chapter[],
): Promise<Pick<Ending, 'revertCommit' | 'revertMessage' | 'note'>> {
  await copy.fetch();
  const [, v2, v3] = chapters.map((c) => c.commit);
  const revertCommit = await copy.git('rev-parse', 'origin/main');
  expect(revertCommit !== v3, 'the branch has a commit that restores the files');
  const differs = await copy.git('diff', '--stat', `${v2}`, 'origin/main');
  expect(differs === '', `the files are as they were at v2, but: ${differs}`);
  const note = await copy.git('notes', '--ref=sluice', 'show', `${v3}`);
  await copy.git('notes', '--ref=sluice', 'show', revertCommit);
  await copy.git('notes', '--ref=sluice', 'show', `${v2}`);
  return { revertCommit, revertMessage: await copy.git('log', '-1', '--format=%B', 'origin/main'), note };
}

export async function play(play: Play): Promise<Ending> {
  const copy = await WorkingCopy.clone(play.sandbox.gitURL, path.join(play.dir, 'work'));
  const chapters = [await drawn(play, first(play, copy))];
  const load = play.sandbox.startLoad({ host: HOST, path: '/', rps: RPS });
  try {
    chapters.push(await drawn(play, good(play, copy)));
    chapters.push(await drawn(play, bad(play, copy)));
  } finally {
    await load.stop();
  }
  const { requests: total, failed, byVersion } = load.total;
  const others = failed - (byVersion.get('v3')?.failed ?? 0);
  expect(others === 0, `only requests to v3 failed, but ${others} others did, too`);
  const badSampleToZeroMs = await badSampleToZero(play.metricsURL);
  return { chapters, badSampleToZeroMs, requests: { total, failed }, ...(await readGit(copy, chapters)) };
}
