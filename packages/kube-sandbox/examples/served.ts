// Runs a program against a cluster of its own: `tsx examples/served.ts PROGRAM ARGUMENT…`, with the kubeconfig in KUBECONFIG.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from 'kube-sandbox/random';
import { serveSandbox } from 'kube-sandbox/served';

const dir = await mkdtemp(join(tmpdir(), 'kube-sandbox-'));
// The CustomResourceDefinitions of your controller go into `crds`.
const cluster = await serveSandbox({ random: seededRandom(1), dir, crds: [] });
const [program = 'kubectl', ...args] = process.argv.slice(2);
const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
const running = spawn(program, args, { stdio: 'inherit', env });
const [code] = (await once(running, 'exit')) as [number | null];
await cluster.stop();
await rm(dir, { recursive: true });
process.exitCode = code ?? 1;
