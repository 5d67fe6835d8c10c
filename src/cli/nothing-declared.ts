// What is said of a folder that declares nothing, and of files in it that look as if they should: what is there, and what Sluice reads.
import type { Survey } from '../source/survey.ts';

/** Endings of what others render, by what they are. */
const RENDERED_ELSEWHERE: Readonly<Record<string, string>> = {
  '.jsonnet': 'Jsonnet',
  '.libsonnet': 'Jsonnet',
  '.cue': 'CUE',
  '.k': 'KCL',
  '.pkl': 'Pkl',
  '.dhall': 'Dhall',
  '.tf': 'Terraform',
};

const READ =
  '*.yaml, *.yml and *.json, a folder with a kustomization.yaml (by kustomize) and one with a Chart.yaml (by helm)';
const MOST_ENDINGS = 5;

/** Why there is nothing. */
export function nothingDeclared(path: string, found: Survey | undefined): string {
  const where = path === '' ? 'the folder' : path;
  if (found === undefined) return `${where} declares nothing: what renders it prints no object`;
  const hidden = found.hidden.join(', ');
  const parts = [
    `${where} declares nothing`,
    ...thereIs(found),
    ...(hidden === '' ? [] : [`names that begin with a dot are left out: ${hidden}`]),
    `Sluice reads ${READ}`,
    ...otherFiles(found),
  ];
  return parts.join('; ');
}

function thereIs({ endings }: Survey): string[] {
  const most = [...endings].sort(([, a], [, b]) => b - a).slice(0, MOST_ENDINGS);
  if (most.length === 0) return [];
  const isRead = most.some(([ending]) => /^\.(ya?ml|json)$/.test(ending));
  const listed = most.map(([ending, count]) => `${count} *${ending}`).join(', ');
  return [`there is ${listed}${isRead ? ', with no object in them' : ''}`];
}

const MOST_FOLDERS = 10;

/** Folders that have to be named each by itself; empty where there are none below the path. */
export function rendersByItself(path: string, found: Survey | undefined): string[] {
  const below = (found?.rendered ?? []).filter((folder) => folder !== path);
  if (below.length === 0) return [];
  const more = below.length > MOST_FOLDERS ? ` and ${below.length - MOST_FOLDERS} more` : '';
  return [`folders that are rendered, each by itself: ${below.slice(0, MOST_FOLDERS).join(', ')}${more}`];
}

/** Files that something else renders, one text for each kind. */
export function otherFiles(found: Survey | undefined): string[] {
  const counts = new Map<string, number>();
  for (const [ending, count] of found?.endings ?? []) {
    const what = Object.hasOwn(RENDERED_ELSEWHERE, ending) ? RENDERED_ELSEWHERE[ending] : undefined;
    if (what !== undefined) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  return [...counts].map(
    ([what, count]) =>
      `${count} ${count === 1 ? 'file' : 'files'} of ${what}, which Sluice does not render: commit what is made of ${count === 1 ? 'it' : 'them'}`,
  );
}
