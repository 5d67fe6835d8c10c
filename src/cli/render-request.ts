// What `sluice render` is asked for: which folder of which checkout, and how it is read; by an Application, by flags, or both.
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { nearest } from '../api/nearest.ts';
import { ok, type Result } from '../api/result.ts';
import { placeOf, type Place } from '../git/repository-folders.ts';
import type { Finding } from '../plan/finding.ts';
import { applicationsOf, subjectOf } from './application-files.ts';
import type { Subject } from './checkout.ts';
import type { RenderOptions } from './render-options.ts';
import { UsageError } from './usage-error.ts';

/** What is to be rendered, from where. */
export interface Asked {
  place: Place;
  subject: Subject;
  /** A namespace was named. */
  isNamed: boolean;
}

/** From the flags and the Application that they name, which may be written wrongly. Throws UsageError. */
export async function askedFor(options: RenderOptions, cwd: string): Promise<Result<Asked, Finding[]>> {
  const { application, folder, namespace } = options;
  const found = application === undefined ? ok([]) : await applicationsOf(application, cwd);
  if (!found.ok) return found;
  const app = oneOf(
    found.value.map((each) => each.app),
    options,
  );
  const own = app === undefined ? PLAIN : subjectOf(app);
  const place = placeAt(folder, own.path, { ...options, cwd });
  const subject = merged(own, options, { helm: helmOf(options, place, own, cwd), path: place.path });
  return ok({ place, subject, isNamed: app !== undefined || namespace !== undefined });
}

/** Where no Application is named. */
const PLAIN: Subject = { namespace: 'default', path: '', exclude: [] };

/** What is said on the command line counts before what the Application says. */
const merged = (own: Subject, options: RenderOptions, at: Pick<Subject, 'helm' | 'path'>): Subject => ({
  ...own,
  ...at,
  namespace: options.namespace ?? own.namespace,
  name: options.name ?? own.name,
  exclude: [...own.exclude, ...options.exclude],
});

/** The Application that is meant: with several in a file, the one that has the name. */
function oneOf<A extends { metadata: { name: string } }>(
  apps: readonly A[],
  { application, name }: RenderOptions,
): A | undefined {
  const [first, ...more] = apps;
  if (more.length === 0) return first;
  const meant = apps.find(({ metadata }) => metadata.name === name);
  if (meant !== undefined) return meant;
  const names = apps.map(({ metadata }) => metadata.name).join(', ');
  throw new UsageError(`-f ${application}: it declares several Applications, ${names}: choose one by --name`);
}

/** Where the folder is: in the nearest repository, or below `--root`. */
function placeAt(
  folder: string | undefined,
  path: string,
  { root, cwd }: Pick<RenderOptions, 'root'> & { cwd: string },
): Place {
  if (root !== undefined) checkFolder(root, cwd);
  const above = root === undefined ? placeOf(cwd).root : realpathSync(resolve(cwd, root));
  if (folder === undefined) return { root: above, path: path.replace(/\/+$/, '') };
  checkFolder(folder, cwd);
  const start = resolve(cwd, folder);
  if (root === undefined) return statSync(start).isDirectory() ? placeOf(start) : ofFile(start);
  const inside = [start, realpathSync(start)].map((each) => relative(above, each)).find((each) => !isOutside(each));
  if (inside === undefined) throw new UsageError(`${folder} is not below --root ${root}`);
  return { root: above, path: inside.split(sep).join('/') };
}

const isOutside = (path: string): boolean => path === '..' || path.startsWith(`..${sep}`);

function ofFile(file: string): Place {
  const { root, path } = placeOf(dirname(file));
  return { root, path: path === '' ? basename(file) : `${path}/${basename(file)}` };
}

function checkFolder(folder: string, cwd: string): void {
  const path = resolve(cwd, folder);
  if (existsSync(path)) return;
  const above = dirname(path);
  const near = existsSync(above) ? nearest(basename(path), readdirSync(above)) : undefined;
  throw new UsageError(
    `there is no ${folder}${near === undefined ? '' : `; did you mean ${join(dirname(folder), near)}?`}`,
  );
}

/** Files with values are named from where the command is run; an Application names them from the chart's folder. */
function helmOf({ values }: RenderOptions, place: Place, own: Subject, cwd: string): Subject['helm'] {
  if (values.length === 0) return own.helm;
  const chart = join(place.root, place.path);
  const files = values.map((file) => {
    checkFolder(file, cwd);
    return relative(chart, realpathSync(resolve(cwd, file)))
      .split(sep)
      .join('/');
  });
  return { ...own.helm, valueFiles: [...(own.helm?.valueFiles ?? []), ...files] };
}
