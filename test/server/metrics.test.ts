import { describe, expect, it } from 'vitest';
import type { AgentMetrics } from '../../src/application/ports.ts';
import { createMetrics } from '../../src/server/metrics.ts';

const make = () => createMetrics({ version: '1', processMetrics: false, now: () => 100_000 });

describe('the metrics', () => {
  it('follow a rollout and leave nothing of it when it goes', async () => {
    const metrics = make();
    const sample = { namespace: 'shop', name: 'web', phase: 'Paused', step: 1, steps: 4, weight: 25 };
    metrics.rollout(sample);
    metrics.rollout({ ...sample, phase: 'Healthy', weight: 100 });
    const { body } = await metrics.render();
    expect(body).toContain('sluice_rollout_info{namespace="shop",name="web",phase="Healthy"} 1');
    expect(body).not.toContain('sluice_rollout_info{namespace="shop",name="web",phase="Paused"}');
    expect(body).toContain('sluice_rollout_phase{namespace="shop",name="web",phase="Paused"} 0');
    const corrected = { namespace: 'shop', name: 'web', kind: 'Service', manager: 'other' };
    metrics.correction(corrected);
    metrics.correction(corrected);
    expect((await metrics.render()).body).toContain(
      'sluice_corrections_total{namespace="shop",name="web",kind="Service",manager="other"} 2',
    );
    metrics.rolloutGone('shop', 'web');
    expect((await metrics.render()).body).not.toContain('name="web"');
  });

  it('write a verb of the API one way', async () => {
    const metrics = make();
    for (const verb of ['GET', 'get']) metrics.apiRequest({ verb, resource: 'pods', status: 200, durationMs: 1 });
    expect((await metrics.render()).body).toContain(
      'sluice_api_requests_total{verb="get",resource="pods",code="200"} 2',
    );
  });
});

describe('the metrics of the agent', () => {
  it.each<[does: string, (agent: Required<AgentMetrics>) => void, series: string]>([
    ['a fetch that failed', (agent) => agent.fetched('a/b', 1, false), 'sluice_git_fetch_errors_total 1'],
    ['a fetch', (agent) => agent.fetched('a/b', 1, true), 'sluice_git_fetch_duration_seconds_count 1'],
    ['a sync', (agent) => agent.synced('a/b', 'Held'), 'sluice_agent_syncs_total{result="Held"} 1'],
    [
      'drift',
      (agent) => agent.drifted('a/b', 'Service', true),
      'sluice_agent_drift_total{kind="Service",corrected="true"} 1',
    ],
    [
      'drift that is left',
      (agent) => agent.drifted('a/b', 'Service', false),
      'sluice_agent_drift_total{kind="Service",corrected="false"} 1',
    ],
    ['a revert', (agent) => agent.writeBack('a/b', 'Pushed'), 'sluice_agent_write_backs_total{result="Pushed"} 1'],
    ['notes', (agent) => agent.noted('a/b', 'Failed'), 'sluice_agent_notes_total{result="Failed"} 1'],
    ['what left Git', (agent) => agent.pruned('a/b', 'Skipped'), 'sluice_agent_pruned_total{result="Skipped"} 1'],
    [
      'a refusal',
      (agent) => agent.refused('a/b', 'InvalidManifest'),
      'sluice_agent_refusals_total{reason="InvalidManifest"} 1',
    ],
    [
      'a pass that failed',
      (agent) => agent.passed(1, false),
      'sluice_reconcile_errors_total{controller="application"} 1',
    ],
    [
      'a look at Git',
      (agent) => agent.looked('a/b', 5_000),
      'sluice_application_last_look_timestamp_seconds{namespace="a",name="b"} 5',
    ],
  ])('count %s', async (_, does, series) => {
    const metrics = make();
    does(metrics.agent);
    expect((await metrics.render()).body.split('\n')).toContain(series);
  });

  it('show an agent that stands still', async () => {
    const metrics = make();
    let progress: { waitingSince: number | undefined; endedAt: number | undefined } = {
      waitingSince: 40_000,
      endedAt: 30_000,
    };
    metrics.agentProgress(() => progress);
    expect((await metrics.render()).body).toContain('sluice_agent_oldest_waiting_seconds 60');
    expect((await metrics.render()).body).toContain('sluice_agent_last_pass_timestamp_seconds 30');
    progress = { waitingSince: undefined, endedAt: 100_000 };
    expect((await metrics.render()).body).toContain('sluice_agent_oldest_waiting_seconds 0');
  });

  it('leave nothing of an Application that is gone', async () => {
    const metrics = make();
    metrics.agent.looked('a/b', 5_000);
    metrics.agent.forgotten('a/b');
    expect((await metrics.render()).body).not.toContain('name="b"');
  });

  it('stay few whatever the outside calls things', async () => {
    const metrics = make();
    for (let n = 0; n < 5_000; n++) {
      metrics.agent.drifted('a/b', `Kind${n}`, true);
      metrics.agent.refused('a/b', `free text ${n}`);
      metrics.agent.looked(`a/app-${n}`, 1_000);
    }
    const { body } = await metrics.render();
    expect(body.split('\n').filter((line) => line.startsWith('sluice_agent_drift_total{'))).toHaveLength(51);
    expect(body).toContain('sluice_agent_refusals_total{reason="Other"} 5000');
    expect(body.split('\n').filter((line) => line.startsWith('sluice_application_last_look'))).toHaveLength(1_000);
  });
});
