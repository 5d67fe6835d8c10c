// A cluster that somebody has: it gets Sluice's kinds and, where a gateway of Istio is named, the Gateways that the scenarios' routes name.
import { spawnSync } from 'node:child_process';
import type { Say } from '../install/install.ts';
import { CRDS } from './cluster.ts';
import { gatewayObjects } from './istio.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

function kubectl(args: readonly string[], input?: string): string {
  const { error, status, stdout, stderr } = spawnSync('kubectl', args, { input, encoding: 'utf8' });
  if (error !== undefined) throw new Error('kubectl is not installed; install it, or leave KUBECONFIG out');
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

/** By KUBECONFIG and GATEWAY of the environment; adds to it whether the Gateway API is served. */
export function prepareGivenCluster(say: Say): void {
  say(`in the cluster of ${kubectl(['config', 'current-context']).trim()}`);
  kubectl(['apply', '--server-side', '-f', CRDS]);
  if (!process.env['GATEWAY']) return;
  const served = kubectl(['api-versions']).split('\n');
  const items = gatewayObjects().filter(
    ({ kind, apiVersion }) => kind === 'Gateway' && served.includes(String(apiVersion)),
  );
  kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  if (served.includes(GATEWAY_API)) process.env['GATEWAY_API'] = 'served';
}
