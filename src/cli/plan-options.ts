// Flags of `sluice plan`.
import { parseArgs } from 'node:util';
import type { ToolPaths } from '../source/render/toolbox.ts';
import { kubeVersionOf, TOOL_FLAGS } from './render-options.ts';
import { UsageError } from './usage-error.ts';

export interface PlanOptions {
  /** Some folder of the checkout. */
  repo: string | undefined;
  from: string | undefined;
  to: string | undefined;
  applications: string[];
  paths: string[];
  namespace: string | undefined;
  name: string | undefined;
  format: 'text' | 'json' | 'markdown';
  kubeVersion: string | undefined;
  tools: ToolPaths;
}

const string = { type: 'string' } as const;
const strings = { type: 'string', multiple: true } as const;
const FLAGS = {
  ...TOOL_FLAGS,
  repo: string,
  from: string,
  to: string,
  application: { ...strings, short: 'f' },
  path: strings,
  namespace: { ...string, short: 'n' },
  name: string,
  json: { type: 'boolean' },
  markdown: { type: 'boolean' },
} as const;

/** Throws UsageError. */
export function parsePlanOptions(argv: readonly string[]): PlanOptions {
  const values = parse(argv);
  checkTogether(values);
  return {
    repo: values.repo,
    from: values.from,
    to: values.to,
    applications: values.application ?? [],
    paths: values.path ?? [],
    namespace: values.namespace,
    name: values.name,
    format: formatOf(values),
    kubeVersion: kubeVersionOf(values['kube-version']),
    tools: { Kustomize: values.kustomize, Helm: values.helm },
  };
}

type Values = ReturnType<typeof parse>;

function checkTogether({ json, markdown, application, path, namespace, name }: Values): void {
  if (json === true && markdown === true) throw new UsageError('choose one: --json or --markdown');
  if (application !== undefined && path !== undefined)
    throw new UsageError('choose one: -f takes the path from an Application, --path names it');
  if (path === undefined && (namespace ?? name) !== undefined)
    throw new UsageError('--namespace and --name are for --path: an Application says them itself');
}

function formatOf({ json, markdown }: Values): PlanOptions['format'] {
  if (json === true) return 'json';
  return markdown === true ? 'markdown' : 'text';
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
