// A process that is killed at its writes while hooks run: another one carries on, and no hook is run twice.
import { describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { momentsOf, TIMEOUT } from './crash-moments.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { diary, hooked, isBecause, isReady, jobOf, POLICY, record, runs } from './hooked.ts';
import { givenApplication, versionOf } from './ordering.ts';

const once = { annotations: { [POLICY]: 'HookSucceeded' } };

const v1 = hooked(
  'v1',
  jobOf('migrate', 'PreSync'),
  jobOf('seed', 'Sync', { ...once, generateName: 'seed-' }),
  jobOf('smoke', 'PostSync', once),
);
/** It never ends, and a newer commit takes over. */
const v2 = hooked('v2', jobOf('endless', 'PreSync', { command: 'sleep 100000' }));
const v3 = hooked(
  'v3',
  jobOf('migrate', 'PreSync', { version: 'v3' }),
  jobOf('smoke', 'PostSync', { command: 'exit 1' }),
);

interface Ending {
  first: EngineProcess;
  seen: string[];
  picture: unknown;
  events: string[];
}

const done = (seen: readonly string[]): string[] => seen.filter((line) => !line.endsWith('gone'));

async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    const first = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(first, 3_000);
    const seen = diary(cluster);
    cluster.push(v1, 'Deploy v1');
    givenApplication(cluster);
    await cluster.until('v1 is ready', () => isReady(cluster) && versionOf(cluster, 'api') === 'v1');
    await cluster.run(10_000);
    cluster.push(v2, 'Deploy v2');
    await cluster.until('v2 waits', () => runs(cluster)[0] === 'PreSync endless Running');
    await cluster.run(10_000);
    cluster.push(v3, 'Deploy v3');
    await cluster.until('v3 has failed', () => isBecause(cluster, 'HookFailed') && versionOf(cluster, 'api') === 'v3');
    await cluster.run(60_000);
    const { phase, resources } = cluster.application().status ?? {};
    const events = cluster.events().filter((event) => event.startsWith('Hook'));
    return {
      first,
      seen: seen.map((line) => line.replace(/^seed-\w{10}/, 'seed')),
      picture: [phase, resources?.map(({ name, status }) => [name, status]), runs(cluster), record(cluster)?.ending],
      // Commits are told apart by their times.
      events: events.map((event) => event.replaceAll(/at [0-9a-f]{7}$|seed-\w{10}/g, '')).toSorted(),
    };
  } finally {
    cluster.close();
  }
}

const countOf = (event: string, events: readonly string[]): number => events.filter((one) => one === event).length;

describe('a process that is killed while hooks run', async () => {
  const whole = await story();

  it('has a story to compare with', () => {
    expect(done(whole.seen)).toEqual([
      'migrate created',
      'migrate Complete',
      'api v1',
      'seed created',
      'seed Complete',
      'smoke created',
      'smoke Complete',
      'endless created',
      'migrate created',
      'migrate Complete',
      'api v3',
      'smoke created',
      'smoke Failed',
    ]);
  });

  it.each(momentsOf(whole.first.writes))(
    'runs each hook once when it dies $when write $at ($what)',
    async ({ at, when }) => {
      const ending = await story({ at, when });
      expect(ending.first.dead).toBe(true);
      expect(done(ending.seen)).toEqual(done(whole.seen));
      expect(ending.seen.toSorted()).toEqual(whole.seen.toSorted());
      expect(ending.picture).toEqual(whole.picture);
      // What a process that dies had yet to tell is lost, and nothing is told twice.
      const more = ending.events.filter((event) => countOf(event, ending.events) > countOf(event, whole.events));
      expect(more).toEqual([]);
    },
    TIMEOUT,
  );
});
