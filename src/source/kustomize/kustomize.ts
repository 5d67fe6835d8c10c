// Kustomize: `kustomize build` of a folder, with the files that its kustomizations name.
import { isRecord } from '../../api/json.ts';
import type { Manifest } from '../../ports/source-reader.ts';
import type { CommitFiles, Renderer, Rendered, RenderPlan } from '../render/renderer.ts';
import { collect, KUSTOMIZATIONS } from './collect.ts';
import { declaringFile, ORIGIN, withOrigins } from './origin.ts';

export const kustomize: Renderer = {
  tool: 'Kustomize',
  program: 'kustomize',
  versionArgs: ['version'],
  supported: '>=5.0.0 <6.0.0',
  byHand: 'kustomize build',
  claims: (names) => KUSTOMIZATIONS.find((name) => names.includes(name)),
  plan,
  rendered,
};

async function plan(path: string, files: CommitFiles): Promise<RenderPlan> {
  const { entry, read } = await collect(path, files);
  const text = new TextDecoder().decode(read.get(entry));
  const asked = withOrigins(text);
  return {
    entry,
    files: read,
    instead: new Map(asked === undefined ? [] : [[entry, asked]]),
    // What is said here is what the tool does without flags: files from within each folder alone, no plug-ins, no charts.
    args: ['build', '--load-restrictor', 'LoadRestrictionsRootOnly', `{root}/${path}`],
  };
}

/** The object without what was asked for to know its file, unless the kustomization itself asks for that. */
function rendered({ object }: Manifest, { entry, files, instead }: RenderPlan): Rendered {
  const { [ORIGIN]: origin, ...annotations } = object.metadata.annotations ?? {};
  if (origin === undefined) return { object, path: undefined };
  const path = declaringFile(origin, entry, files);
  if (instead?.has(entry) !== true) return { object, path };
  const { annotations: _all, ...metadata } = object.metadata;
  const left = isRecord(annotations) && Object.keys(annotations).length > 0 ? { annotations } : {};
  return { object: { ...object, metadata: { ...metadata, ...left } }, path };
}
