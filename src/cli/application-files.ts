// Files with Applications: read by name, checked as the API server would, and what each says of its source.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Application } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { GROUP, RESOURCES } from '../api/names.ts';
import { splitApiVersion } from '../api/object-key.ts';
import { parseApplication } from '../api/parse.ts';
import { fail, ok, type Result } from '../api/result.ts';
import { readManifests } from '../application/source/manifests.ts';
import { renderOptionsOf } from '../application/source/render-options.ts';
import { textOf } from '../application/source/utf8.ts';
import type { Finding } from '../plan/finding.ts';
import { ownKindVerdict } from '../plan/own-kinds.ts';
import type { Subject } from './checkout.ts';
import { UsageError } from './usage-error.ts';

export interface FoundApplication {
  app: Application;
  file: string;
  line: number;
}

const isApplication = ({ apiVersion, kind }: KubeObject): boolean =>
  kind === RESOURCES.applications.kind && splitApiVersion(apiVersion)[0] === GROUP;

/** The Applications in a text, or what is wrong with them; `file` is what it is called in messages. */
export function applicationsIn(file: string, text: string): Result<FoundApplication[], Finding[]> {
  const read = readManifests([{ path: file, text }]);
  if (!read.ok) return fail(read.error.map(({ line, message }) => ({ file, line, message })));
  const found: FoundApplication[] = [];
  const findings: Finding[] = [];
  for (const { object, source } of read.value.manifests.filter((each) => isApplication(each.object))) {
    const { problems } = ownKindVerdict(object);
    const parsed = parseApplication(object);
    const name = `${object.kind} ${object.metadata.name}`;
    if (problems.length > 0 || !parsed.ok)
      findings.push(...problems.map((message) => ({ file, line: source.line, message: `${name}: ${message}` })));
    else found.push({ app: parsed.value, file, line: source.line });
  }
  return findings.length > 0 ? fail(findings) : ok(found);
}

/** Those in a file of this machine, named from a folder. Throws UsageError where there is none. */
export async function applicationsOf(file: string, cwd: string): Promise<Result<FoundApplication[], Finding[]>> {
  const bytes = await readFile(resolve(cwd, file)).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`-f ${file}: ${code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`}`);
  });
  const read = textOf(bytes);
  if (!('text' in read)) return fail([{ file, line: 1, message: read.problem }]);
  const found = applicationsIn(file, read.text);
  if (found.ok && found.value.length === 0)
    throw new UsageError(`-f ${file}: it declares no Application of ${GROUP}; name the file that does`);
  return found;
}

/** What an Application reads. */
export function subjectOf(app: Application): Subject {
  const { namespace, name, helm } = renderOptionsOf(app);
  const { path = '', exclude = [] } = app.spec.source;
  return { app, namespace, name, path, exclude, ...(helm === undefined ? {} : { helm }) };
}
