import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/ports/log.ts';
import { serveMetrics, serveStatusPage, type Health } from '../../src/server/inside.ts';
import type { RunningServer } from '../../src/server/listener.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { agentHealth, STALL_MS } from '../../src/server/stall.ts';

const where = { log: silentLog, host: '127.0.0.1', port: 0 };
let server: RunningServer;
afterEach(() => server?.close());

describe('the port for metrics', () => {
  const serve = (ready: () => Health) =>
    serveMetrics({
      ...where,
      metrics: () => createMetrics({ version: '1', processMetrics: false }).render(),
      healthy: () => ({ ok: true }),
      ready,
    });

  it('says whether the process lives and is ready', async () => {
    let health: Health = { ok: false, message: 'caches are filling' };
    server = await serve(() => health);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, 'caches are filling\n']);
    health = { ok: true };
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('serves metrics, and neither webhooks nor the page', async () => {
    server = await serve(() => ({ ok: true }));
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('sluice_build_info{version="1"} 1');
    expect((await fetch(server.url)).status).toBe(404);
    expect((await fetch(`${server.url}/webhook`, { method: 'POST' })).status).toBe(405);
  });
});

describe('the status page', () => {
  it('shows the rollouts, runs nothing from outside, and serves nothing else', async () => {
    const row = {
      namespace: 'shop',
      name: '<script>x</script>',
      phase: 'Paused',
      step: '2/5',
      weight: 25,
      revision: 'abc',
    };
    const snapshot = () => ({ applications: [], rollouts: [{ ...row, message: '' }], at: 0, version: '1' });
    server = await serveStatusPage({ ...where, snapshot });
    const answer = await fetch(server.url);
    const page = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('&lt;script&gt;x&lt;/script&gt;');
    expect(page).not.toContain('<script');
    expect(page).toContain('2/5');
    for (const path of ['/metrics', '/healthz', '/webhook'])
      expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  });
});

describe('readiness', () => {
  it('is lost with words when no pass has ended for ten minutes while an Application waits', () => {
    const waits = { waitingSince: 1_000, endedAt: undefined };
    expect(agentHealth(waits, 1_000 + STALL_MS)).toEqual({ ok: true });
    expect(agentHealth(waits, 1_000 + STALL_MS + 1)).toEqual({
      ok: false,
      message: 'the agent stands still: no Application was looked at for 10 minutes while some wait',
    });
  });

  it('stays while passes end, and while nothing waits', () => {
    const now = 100 * STALL_MS;
    expect(agentHealth({ waitingSince: 0, endedAt: now - 1_000 }, now).ok).toBe(true);
    expect(agentHealth({ waitingSince: undefined, endedAt: undefined }, now).ok).toBe(true);
    expect(agentHealth({ waitingSince: undefined, endedAt: 0 }, now).ok).toBe(true);
  });
});
