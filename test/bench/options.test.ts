import { afterEach, describe, expect, it, vi } from 'vitest';
import { fillIn } from './contestant.ts';
import { parseBenchOptions } from './options.ts';

afterEach(() => void vi.unstubAllEnvs());

describe('the flags of the bench', () => {
  it('ask for every scenario on a cluster of its own unless they say otherwise', () => {
    const options = parseBenchOptions([]);
    expect(options).toMatchObject({ kubeconfig: undefined, runs: 3, rollouts: 200, peer: undefined });
    expect(options?.scenarios).toEqual(['latency', 'push', 'wave', 'storm', 'idle']);
  });

  it('alone name a cluster that is there: one of the environment is left alone', () => {
    vi.stubEnv('KUBECONFIG', '/exported');
    expect(parseBenchOptions([])?.kubeconfig).toBeUndefined();
    expect(parseBenchOptions(['--kubeconfig', '/given'])?.kubeconfig).toBe('/given');
  });

  it('name a peer by its command and what it serves', () => {
    const options = parseBenchOptions(['--peer', 'run it', '--group', 'example.com/v1', '--peer-name', 'it']);
    expect(options?.peer).toEqual({ name: 'it', apiVersion: 'example.com/v1', command: 'run it' });
  });

  it('hold two that serve the same group apart: without a namespace each would drive the Rollouts of both', () => {
    const beside = (sluice: string, peer: string): unknown =>
      parseBenchOptions(['--sluice', sluice, '--peer', peer, '--group', 'sluice.dev/v1alpha1']);
    expect(() => beside('new --namespace {namespace}', 'old')).toThrow(
      '--peer: both serve sluice.dev/v1alpha1; write --namespace {namespace}',
    );
    expect(() => beside('new', 'old --namespace {namespace}')).toThrow('--sluice: both serve');
    expect(() => beside('new {namespace}', 'old {namespace}')).not.toThrow();
  });

  it('that are wrong are answered with what to write', () => {
    expect(() => parseBenchOptions(['--scenario', 'wave,storms'])).toThrow('latency, push, wave, storm, idle');
    expect(() => parseBenchOptions(['--runs', '0'])).toThrow('--runs 0: write a whole number');
  });

  it('can ask for help', () => {
    expect(parseBenchOptions(['--help'])).toBeUndefined();
  });
});

describe('the command of a controller', () => {
  it('is told the cluster, the Prometheus and the namespace of the run', () => {
    const where = { kubeconfig: '/tmp/k', prometheus: 'http://127.0.0.1:1', namespace: 'bench-it' };
    expect(fillIn('c --kubeconfig {kubeconfig} -p {prometheus} -n {namespace}', where)).toBe(
      'c --kubeconfig /tmp/k -p http://127.0.0.1:1 -n bench-it',
    );
  });
});
