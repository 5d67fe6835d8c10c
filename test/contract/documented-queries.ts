// The PromQL that README, docs and examples show, with values put in for their arguments.
import { readFileSync, readdirSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const FILES = ['docs/', 'examples/'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|ya?ml)$/.test(name))
    .map((name) => `${folder}${name}`),
);

/** What the samples of the contract are about. */
const ARGUMENTS: Record<string, string> = { service: 'web-canary', namespace: 'shop' };

const withArguments = (query: string): string =>
  query.replaceAll(/\{\{\s*args\.(\w+)\s*\}\}/g, (whole, name: string) => ARGUMENTS[name] ?? whole);

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Values of the key `query` in YAML, be it a file or a block in a text. */
function queriesIn(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    const [, value] = /^\s*query:\s+(.+)$/.exec(line) ?? [];
    if (value === undefined || value === '…') return [];
    if (!value.startsWith('|')) return [value.replaceAll(/^['"]|['"]$/g, '')];
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((next) => next.trim() !== '' && indentOf(next) <= indentOf(line));
    return [
      rest
        .slice(0, end < 0 ? rest.length : end)
        .map((next) => next.trim())
        .join('\n')
        .trim(),
    ];
  });
}

/** As they are written, and over a minute: the samples of a test are rarer than those of a demo. */
export function documentedQueries(): string[] {
  const texts = ['README.md', ...FILES].map((file) => readFileSync(new URL(file, ROOT), 'utf8'));
  const found = texts.flatMap(queriesIn).map(withArguments);
  return [...new Set(found.flatMap((query) => [query, query.replaceAll(/\[\d+s\]/g, '[1m]')]))];
}
