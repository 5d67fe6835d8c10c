// Secrets that are planted into a Cluster, and everything that Sluice told of it, searched for them.
import { dump } from 'js-yaml';
import type { KubeObject } from '../../src/api/k8s.ts';
import { statusSnapshot } from '../../src/cli/status-snapshot.ts';
import { renderStatus } from '../../src/server/status-page.ts';
import type { Cluster } from '../scenario/cluster.ts';

const small = (text: string): string => text.replaceAll(/%../g, (hex) => hex.toLowerCase());

/** In which a secret may come back. */
export const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (text) => text,
  'percent-encoded': (text) => encodeURIComponent(text),
  'percent-encoded in small letters': (text) => small(encodeURIComponent(text)),
  'as a form': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'in base64 of Basic authentication': (text) => Buffer.from(`robot:${text}`).toString('base64'),
  'as JSON': (text) => JSON.stringify(text).slice(1, -1),
  'as Go quotes it': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'as YAML': (text) => dump({ text }, { lineWidth: -1 }).slice('text: '.length).trim(),
  'as YAML in single quotes': (text) => text.replaceAll("'", "''"),
  'as YAML in double quotes': (text) =>
    text.replaceAll(/[^ -~]|["\\]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`),
};

/** Characters that each form writes in its own way, about something that only this secret has. */
export const secretOf = (name: string): string => `${name}'9"q\\w/Ré %k=${name}+Z&7x`;

/** What gives a form away, wherever it is cut: a piece of it that nothing else holds. */
const traces = (secret: string, form: (secret: string) => string): string[] => {
  const text = form(secret);
  return [text, ...(text.length > 24 ? [text.slice(0, 20), text.slice(-20)] : [])];
};

export interface Told {
  where: string;
  text: string;
}

/** Where a secret can be read, in which form, and the text around it. */
export function leaks(told: readonly Told[], secrets: readonly string[]): string[] {
  const found = secrets.flatMap((secret) =>
    Object.entries(FORMS).flatMap(([name, form]) => {
      const all = traces(secret, form);
      return told.flatMap(({ where, text }) => {
        const at = all.map((trace) => text.indexOf(trace)).find((index) => index >= 0);
        return at === undefined
          ? []
          : [{ where, is: `${where}: ${name}: …${text.slice(Math.max(0, at - 40), at + 40)}…` }];
      });
    }),
  );
  return [...new Map(found.map(({ where, is }) => [where, is])).values()];
}

/** Texts of a value, its keys included. */
function textsIn(where: string, value: unknown): Told[] {
  if (typeof value === 'string') return [{ where, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [
    { where: `${where} (a key)`, text: key },
    ...textsIn(Array.isArray(value) ? where : `${where}.${key}`, each),
  ]);
}

const KINDS: [group: string, kind: string][] = [
  ['sluice.dev', 'Application'],
  ['sluice.dev', 'Rollout'],
  ['sluice.dev', 'AnalysisRun'],
  ['apps', 'ReplicaSet'],
  ['networking.istio.io', 'VirtualService'],
  ['', 'Service'],
  ['', 'ConfigMap'],
];

/** Everything that Sluice has told anybody: by its log, in the cluster, in Git, to Prometheus' scrapes and on the page. */
export async function toldBy(cluster: Cluster): Promise<Told[]> {
  const objects = KINDS.flatMap(([group, kind]) => cluster.server.store.list({ group, kind }));
  const events = cluster.server.store.list({ group: '', kind: 'Event' });
  const commits = [...cluster.repository.commits.values()].filter(({ commit }) => commit.author.name === 'Sluice');
  const processes = await Promise.all(
    cluster.processes.map(async ({ lines, metrics, engine, secrets }) => [
      ...lines.flatMap((line) => textsIn('log', JSON.parse(line))),
      ...lines.map((text) => ({ where: 'log', text })),
      { where: 'metrics', text: (await metrics.render()).body },
      ...pageOf(renderStatus(statusSnapshot(engine, cluster.clock.now(), secrets))),
    ]),
  );
  return [
    ...processes.flat(),
    ...objects.flatMap((object) => [
      ...textsIn(`status of ${object.kind}`, object['status']),
      ...textsIn(`annotation of ${object.kind}`, object.metadata.annotations),
    ]),
    ...events.flatMap((event: KubeObject) => textsIn('Event', { ...event })),
    ...[...cluster.repository.notes.values()].map((text) => ({ where: 'note', text })),
    ...commits.map(({ commit }) => ({ where: 'commit message', text: commit.message })),
  ];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** As it is sent, and as it is read. */
const pageOf = (html: string): Told[] => [
  { where: 'page', text: html },
  { where: 'page', text: html.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '') },
];
