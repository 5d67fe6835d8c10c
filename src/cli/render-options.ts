// Flags of `sluice render`.
import { parseArgs } from 'node:util';
import type { ToolPaths } from '../source/render/toolbox.ts';
import { UsageError } from './usage-error.ts';

export interface RenderOptions {
  /** As it was written; undefined: what the Application says, else where one is. */
  folder: string | undefined;
  root: string | undefined;
  application: string | undefined;
  name: string | undefined;
  namespace: string | undefined;
  /** Files with values for a chart, as they were written. */
  values: string[];
  exclude: string[];
  kubeVersion: string | undefined;
  tools: ToolPaths;
}

const string = { type: 'string' } as const;
const strings = { type: 'string', multiple: true } as const;

/** Flags of what is rendered with, of both commands that render. */
export const TOOL_FLAGS = { kustomize: string, helm: string, 'kube-version': string } as const;

const FLAGS = {
  ...TOOL_FLAGS,
  root: string,
  application: { ...string, short: 'f' },
  name: string,
  namespace: { ...string, short: 'n' },
  values: strings,
  exclude: strings,
} as const;

/** Throws UsageError. */
export function parseRenderOptions(argv: readonly string[]): RenderOptions {
  const { values, positionals } = parse(argv);
  const [folder, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`one folder at a time: ${more.join(', ')} is another`);
  if (folder === undefined && values.application === undefined)
    throw new UsageError(
      'name the folder to render, such as deploy/production, or an Application: -f application.yaml',
    );
  return {
    folder,
    root: values.root,
    application: values.application,
    name: values.name,
    namespace: values.namespace,
    values: values.values ?? [],
    exclude: values.exclude ?? [],
    kubeVersion: kubeVersionOf(values['kube-version']),
    tools: { Kustomize: values.kustomize, Helm: values.helm },
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** As helm takes it. Throws UsageError. */
export function kubeVersionOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, digits] = /^v?(\d+\.\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (digits === undefined) throw new UsageError(`--kube-version ${text}: write a version such as 1.34 or v1.34.2`);
  return `v${digits.split('.').length === 2 ? `${digits}.0` : digits}`;
}
