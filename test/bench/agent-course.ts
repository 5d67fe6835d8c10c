// What the agent costs a cluster, in counts: the real agent over the sandbox's API server and a repository in memory, in virtual time, so
// that the same code gives the same numbers on every machine.
import { files, World } from '../application/agent-world.ts';
import { requestName } from './agent-requests.ts';

export interface AgentFigure {
  readonly name: string;
  /** As agent-requests.ts names them, watches left out. */
  readonly requests: readonly string[];
  /** Questions to Git what a branch is at, and fetches. */
  readonly looks: number;
  readonly fetches: number;
  readonly events: number;
}

export interface AgentCourse {
  /** Applications of the idle figure. */
  readonly applications: number;
  /** Objects of the Application that is pushed to. */
  readonly objects: number;
}

const HOUR_MS = 3_600_000;

/** What was asked while `work` was under way. */
async function during(world: World, name: string, work: () => Promise<void>): Promise<AgentFigure> {
  const { mirror } = world;
  const [requests, looks, fetches, events] = [world.requests.length, mirror.looks, mirror.fetches, world.events.length];
  await work();
  return {
    name,
    requests: world.requests
      .slice(requests)
      .map((request) => requestName(request))
      .filter((request) => !request.startsWith('watch ')),
    looks: mirror.looks - looks,
    fetches: mirror.fetches - fetches,
    events: world.events.length - events,
  };
}

/** Applications with nothing to do for an hour: each a Rollout that is promoted, and its ConfigMap. */
export async function idleFigure({ applications }: Pick<AgentCourse, 'applications'>): Promise<AgentFigure> {
  const world = await World.open();
  try {
    for (let n = 0; n < applications; n++) {
      const text = (files('shop:1', 'blue')['deploy/web.yaml'] ?? '').replaceAll(/\bweb\b/g, `web-${n}`);
      world.repository.commit('main', { [`apps/${n}/web.yaml`]: text }, `Declare web-${n}`);
      const source = { repoURL: 'https://git.example.com/shop.git', path: `apps/${n}` };
      await world.application({ source }, `shop-${n}`);
    }
    await world.start();
    await world.poll();
    for (let n = 0; n < applications; n++) await world.promote('hash1', `web-${n}`);
    await world.poll();
    const name = `${applications} idle Applications, one hour`;
    return await during(world, name, () => world.run(HOUR_MS));
  } finally {
    await world.stop();
  }
}

const configMap = (n: number, value: string): Record<string, string> => ({
  [`deploy/c-${n}.yaml`]: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c-${n} }\ndata: { mode: ${value} }\n`,
});

/** One Application from its first sync: a Rollout with its ConfigMap, and ConfigMaps for the rest. */
export async function pushFigures({ objects }: Pick<AgentCourse, 'objects'>): Promise<AgentFigure[]> {
  const world = await World.open();
  try {
    const others = Array.from({ length: objects - 2 }, (_, n) => configMap(n, 'blue'));
    world.repository.commit('main', Object.assign(files('shop:1', 'blue'), ...others), 'Declare everything');
    await world.application();
    const first = await during(world, `first sync of ${objects} objects`, () => world.start());
    await world.promote('hash1');
    await world.poll();
    world.repository.commit('main', configMap(7, 'green'), 'Turn one to green');
    const push = await during(world, `push that touches 1 of ${objects} objects`, () => world.poll());
    const nothing = await during(world, `push that touches none of ${objects} objects`, async () => {
      world.repository.commit('main', { 'README.md': 'About this.' }, 'Describe it');
      await world.poll();
    });
    await world.stop();
    const restart = await during(world, `restart with ${objects} objects`, async () => {
      await world.start();
      await world.poll();
    });
    return [first, push, nothing, restart];
  } finally {
    await world.stop();
  }
}
