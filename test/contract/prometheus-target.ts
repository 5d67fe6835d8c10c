// What the PromQL contract asks: the sandbox's metrics store, and a real Prometheus when one is named. Both hold the same samples.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseExposition } from 'kube-sandbox/exposition';
import { createMetricsStore } from 'kube-sandbox/metrics-store';
import { VirtualClock } from 'kube-sandbox/virtual-clock';

export const PROMETHEUS_URL = process.env['SLUICE_CONTRACT_PROMETHEUS'] || undefined;
export const PROMETHEUS_BIN = process.env['SLUICE_CONTRACT_PROMETHEUS_BIN'] || undefined;

export interface Reply {
  status: number;
  body: unknown;
}
export interface PrometheusTarget {
  ask(path: string, parameters?: Record<string, string>, method?: 'GET' | 'POST'): Promise<Reply>;
  close(): Promise<void>;
}

const bodyOf = (text: string): unknown => (text.startsWith('{') ? JSON.parse(text) : text);

function request(path: string, parameters: Record<string, string>, method: 'GET' | 'POST') {
  const text = new URLSearchParams(parameters).toString();
  if (method === 'POST')
    return { method, path, body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  return { method, path: text === '' ? path : `${path}?${text}` };
}

/** The sandbox's store with the samples of an exposition whose lines carry times in seconds. */
export function sandboxTarget(openMetrics: string, now: number): PrometheusTarget {
  const store = createMetricsStore({ clock: new VirtualClock(now), retentionMs: Infinity });
  for (const { labels, value, time } of parseExposition(openMetrics))
    store.append(Object.fromEntries(labels), value, (time ?? 0) * 1000);
  return {
    async ask(path, parameters = {}, method = 'GET') {
      const response = await store.handle(request(path, parameters, method));
      let text = '';
      for await (const piece of response.body) text += piece;
      return { status: response.status, body: bodyOf(text) };
    },
    close: async () => store.stop(),
  };
}

export function urlTarget(url: string): PrometheusTarget {
  return {
    async ask(path, parameters = {}, method = 'GET') {
      const { path: full, ...init } = request(path, parameters, method);
      const response = await fetch(`${url.replace(/\/$/, '')}${full}`, init);
      return { status: response.status, body: bodyOf(await response.text()) };
    },
    close: async () => {},
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Starts the binary over blocks that `promtool`, beside it, makes of the same samples. */
export async function binaryTarget(binary: string, openMetrics: string): Promise<PrometheusTarget> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
  writeFileSync(join(dir, 'samples.om'), `${openMetrics}\n# EOF\n`);
  writeFileSync(join(dir, 'config.yml'), 'global: { scrape_interval: 15s }\n');
  const load = ['tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'samples.om'), join(dir, 'data')];
  const loaded = spawnSync(join(dirname(binary), 'promtool'), load, { encoding: 'utf8' });
  if (loaded.status !== 0) throw new Error(`promtool could not load the samples: ${loaded.stderr}`);
  const port = await freePort();
  const child = spawn(binary, [
    `--config.file=${join(dir, 'config.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const target = urlTarget(`http://127.0.0.1:${port}`);
  for (let tries = 0; ; tries++) {
    const ready = await target.ask('/-/ready').catch(() => undefined);
    if (ready?.status === 200) break;
    if (tries > 100 || child.exitCode !== null) throw new Error('Prometheus did not get ready');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    ...target,
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
