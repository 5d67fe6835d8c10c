// A cluster that somebody has: it gets Sluice's kinds and, where a gateway of Istio is named, the Gateways that the scenarios' routes name.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { gatewayObjects } from './istio.ts';

const CRDS = join(import.meta.dirname, '../../../crds');

function kubectl(args: readonly string[], input?: string): void {
  const { error, status, stderr } = spawnSync('kubectl', args, { input, encoding: 'utf8' });
  if (error !== undefined) throw new Error('kubectl is not installed; install it, or leave KUBECONFIG out');
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
}

/** By KUBECONFIG and GATEWAY of the environment. */
export function prepareGivenCluster(): void {
  kubectl(['apply', '--server-side', '-f', CRDS]);
  if (!process.env['GATEWAY']) return;
  const items = gatewayObjects().filter(({ kind }) => kind === 'Gateway');
  kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}
