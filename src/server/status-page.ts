// The plain status page: Applications and Rollouts as they are now. HTML without scripts; everything from outside is escaped.

export interface RolloutRow {
  namespace: string;
  name: string;
  phase: string;
  /** `2/5`, or empty without steps. */
  step: string;
  /** Percent of the traffic on the new revision. */
  weight: number;
  /** Short commit or pod hash of what is declared. */
  revision: string;
  message: string;
}

export interface ApplicationRow {
  namespace: string;
  name: string;
  repoURL: string;
  targetRevision: string;
  /** Short id, subject and author of the commit that is applied; empty before the first. */
  commit: string;
  subject: string;
  author: string;
  sync: string;
  health: string;
  message: string;
}

export interface Snapshot {
  applications: ApplicationRow[];
  rollouts: RolloutRow[];
  /** When it was taken, milliseconds since the epoch. */
  at: number;
  version: string;
}

const STYLE = `
:root{color-scheme:light dark;--line:#8883;--dim:#888;--good:#1a7f37;--bad:#cf222e;--busy:#0969da;--wait:#9a6700}
@media (prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--busy:#58a6ff;--wait:#d29922}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{color:var(--dim);margin:.2rem 0}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--dim);font-size:.85rem}code{font-family:ui-monospace,monospace}
td.message{color:var(--dim);overflow-wrap:anywhere}meter{width:6rem;vertical-align:middle}
.good{color:var(--good)}.bad{color:var(--bad)}.busy{color:var(--busy)}.wait{color:var(--wait)}
`;

const TONES: Record<string, string> = {
  Healthy: 'good',
  Synced: 'good',
  Progressing: 'busy',
  Paused: 'wait',
  OutOfSync: 'wait',
  Held: 'wait',
  Degraded: 'bad',
  Failed: 'bad',
  Error: 'bad',
};

/** The whole page; reloads itself every five seconds. */
export function renderStatus(snapshot: Snapshot): string {
  const { applications, rollouts, at, version } = snapshot;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width"><title>Sluice</title><style>${STYLE}</style></head>
<body><h1>Sluice</h1><p>${escape(version)} · ${new Date(at).toISOString()}</p>
<h2>Applications</h2>${applicationTable(applications)}
<h2>Rollouts</h2>${rolloutTable(rollouts)}
</body></html>
`;
}

function applicationTable(rows: readonly ApplicationRow[]): string {
  const cells = sorted(rows).map((row) => [
    named(row),
    `<code>${escape(row.commit || '–')}</code> ${escape(row.subject)}<br><small>${escape(row.author)}</small>`,
    toned(row.sync),
    toned(row.health),
    `${escape(withoutCredentials(row.repoURL))} <code>${escape(row.targetRevision)}</code>`,
    escape(row.message),
  ]);
  return table(['Application', 'Commit', 'Sync', 'Health', 'Source', 'Message'], cells, 'No Application yet.');
}

function rolloutTable(rows: readonly RolloutRow[]): string {
  const cells = sorted(rows).map((row) => [
    named(row),
    toned(row.phase),
    escape(row.step),
    `<meter min="0" max="100" value="${Number(row.weight)}"></meter> ${Number(row.weight)} %`,
    `<code>${escape(row.revision)}</code>`,
    escape(row.message),
  ]);
  return table(['Rollout', 'Phase', 'Step', 'Weight', 'Revision', 'Message'], cells, 'No Rollout yet.');
}

function table(heads: string[], rows: string[][], empty: string): string {
  if (rows.length === 0) return `<p>${empty}</p>`;
  const head = heads.map((each) => `<th>${each}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map(cell).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

const cell = (html: string, index: number, all: string[]): string =>
  index === all.length - 1 ? `<td class="message">${html}</td>` : `<td>${html}</td>`;

const named = (row: { namespace: string; name: string }): string =>
  `<small>${escape(row.namespace)}/</small><b>${escape(row.name)}</b>`;

const toned = (word: string): string => `<span class="${TONES[word] ?? ''}">${escape(word)}</span>`;

function sorted<T extends { namespace: string; name: string }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name));
}

const withoutCredentials = (url: string): string => url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (value: string): string => String(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
