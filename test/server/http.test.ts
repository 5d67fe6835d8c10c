import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/ports/log.ts';
import { serveHttp } from '../../src/server/http.ts';
import type { RunningServer } from '../../src/server/http.ts';
import { jsonLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import type { Hint } from '../../src/server/webhook.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const SECRET = 's3cret';
const PUSH = JSON.stringify({
  ref: 'refs/heads/main',
  after: 'a'.repeat(40),
  repository: { clone_url: 'https://git.example.com/acme/shop.git' },
});
const hmac = (body: string) => createHmac('sha256', SECRET).update(body).digest('hex');

describe('the HTTP server', () => {
  let server: RunningServer;
  let hints: Hint[];
  let ready: boolean;
  const clock = new VirtualClock();

  beforeEach(async () => {
    hints = [];
    ready = false;
    const row = {
      namespace: 'shop',
      name: '<script>x</script>',
      phase: 'Paused',
      step: '2/5',
      weight: 25,
      revision: 'abc',
    };
    server = await serveHttp({
      clock,
      log: silentLog,
      host: '127.0.0.1',
      port: 0,
      metrics: () => createMetrics({ version: '1', processMetrics: false }).render(),
      healthy: () => ({ ok: true }),
      ready: () => ({ ok: ready, message: 'caches are filling' }),
      snapshot: () => ({ applications: [], rollouts: [{ ...row, message: '' }], at: clock.now(), version: '1' }),
      webhookSecret: (application) => (application?.name === 'none' ? undefined : SECRET),
      onHint: (hint) => hints.push(hint),
      hooksPerMinute: 3,
    });
  });
  afterEach(() => server.close());

  const post = async (path: string, headers: Record<string, string>, body = PUSH) =>
    (await fetch(server.url + path, { method: 'POST', body, headers })).status;

  it('hints at a push that GitHub, Gitea or GitLab signs, and at nothing unsigned', async () => {
    expect(await post('/webhook', { 'x-hub-signature-256': `sha256=${hmac(PUSH)}` })).toBe(202);
    expect(await post('/webhook/shop/web', { 'x-gitea-signature': hmac(PUSH) })).toBe(202);
    expect(await post('/webhook', { 'x-gitlab-token': 'wrong' })).toBe(401);
    expect(hints).toEqual([
      {
        repoURLs: ['https://git.example.com/acme/shop.git'],
        ref: 'refs/heads/main',
        commit: 'a'.repeat(40),
        deliveredAt: clock.now(),
      },
      expect.objectContaining({ application: { namespace: 'shop', name: 'web' } }),
    ]);
  });

  it('refuses a changed body, one that is too long, one that is not JSON, and too many', async () => {
    expect(await post('/webhook', { 'x-hub-signature-256': `sha256=${hmac(PUSH)}` }, `${PUSH} `)).toBe(401);
    expect(await post('/webhook', { 'x-hub-signature-256': `sha256=${hmac('{')}` }, '{')).toBe(400);
    expect(await post('/webhook/shop/none', { 'x-gitlab-token': SECRET })).toBe(404);
    expect(await post('/webhook', { 'x-gitlab-token': SECRET })).toBe(429);
    expect(hints).toEqual([]);
  });

  it('refuses a payload over 1 MiB, announced or not, before looking into it', async () => {
    const long = 'x'.repeat(1024 * 1024 + 1);
    expect(await post('/webhook', {}, long)).toBe(413);
    const body = new Blob([long]).stream();
    const answer = await fetch(`${server.url}/webhook`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(413);
  });

  it('says whether it lives and is ready', async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, 'caches are filling\n']);
    ready = true;
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('shows the rollouts on a page that runs nothing from outside', async () => {
    const answer = await fetch(server.url);
    const page = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('&lt;script&gt;x&lt;/script&gt;');
    expect(page).not.toContain('<script');
    expect(page).toContain('2/5');
  });
});

describe('the metrics', () => {
  it('follow a rollout and leave nothing of it when it goes', async () => {
    const metrics = createMetrics({ version: '1', processMetrics: false });
    const sample = { namespace: 'shop', name: 'web', phase: 'Paused', step: 1, steps: 4, weight: 25 };
    metrics.rollout(sample);
    metrics.rollout({ ...sample, phase: 'Healthy', weight: 100 });
    const { body } = await metrics.render();
    expect(body).toContain('sluice_rollout_info{namespace="shop",name="web",phase="Healthy"} 1');
    expect(body).not.toContain('sluice_rollout_info{namespace="shop",name="web",phase="Paused"}');
    expect(body).toContain('sluice_rollout_phase{namespace="shop",name="web",phase="Paused"} 0');
    metrics.rolloutGone('shop', 'web');
    expect((await metrics.render()).body).not.toContain('name="web"');
  });
});

describe('the log', () => {
  it('writes JSON lines at its level and above, without credentials', () => {
    const lines: string[] = [];
    const log = jsonLog({ level: 'warn', write: (line) => lines.push(line), clock: new VirtualClock(0) });
    log.info('quiet');
    log.warn('fetch failed', { error: new Error('https://bob:hunter2@git.example.com/x'), token: 'abc' });
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0]!);
    expect(line).toMatchObject({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'fetch failed',
      token: '***',
    });
    expect(line.error).toContain('https://***@git.example.com/x');
    expect(lines[0]).not.toContain('hunter2');
  });
});
