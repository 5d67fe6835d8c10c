// What may be reached over SSH, and which Secrets go there.
import { describe, expect, it } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import { targetOf } from '../../src/egress/hosts.ts';
import { secretRefusal } from '../../src/egress/may-send.ts';

const check = (url: string, use: 'git' | 'analysis', gitHosts?: string[]) => () =>
  createEgress(gitHosts === undefined ? {} : { gitHosts }).check(url, use);

describe('over SSH', () => {
  it('repositories are reached, metrics are not', () => {
    expect(check('ssh://git@git.example/shop', 'git')).not.toThrow();
    expect(check('ssh://git@git.example/shop', 'analysis')).toThrow('only http and https URLs are asked');
    expect(check('ftp://git.example/shop', 'git')).toThrow('only http, https and ssh URLs are asked');
  });

  it('no address of this machine is reached, in whatever spelling', () => {
    for (const host of ['127.0.0.1', '2130706433', '[::1]', '127.1', 'LOCALHOST'])
      expect(check(`ssh://git@${host}/shop`, 'git')).toThrow('this machine');
  });

  it('the operator’s list holds, port and all', () => {
    expect(check('ssh://git@git.example:2222/shop', 'git', ['git.example:2222'])).not.toThrow();
    expect(check('ssh://git@git.example/shop', 'git', ['git.example:2222'])).toThrow('--git-hosts');
  });

  it('port 22 is meant where none is written, and what is no host is no target', () => {
    expect(targetOf('ssh://git@Git.Example./shop')).toMatchObject({ scheme: 'ssh', host: 'git.example', port: 22 });
    expect(targetOf('ssh://git@999.1.1.1.1/shop')).toBeUndefined();
    expect(targetOf('not a URL')).toBeUndefined();
  });

  it('a key goes to the hosts of its known_hosts, and where an annotation names hosts to those alone', () => {
    const refusal = (annotations: Record<string, string> | undefined, url = 'ssh://git@git.example/shop') =>
      secretRefusal(
        { namespace: 'shop', name: 'key', ...(annotations === undefined ? {} : { annotations }) },
        url,
        'git',
        {},
      );
    expect(refusal(undefined)).toBeUndefined();
    expect(refusal({ 'sluice.dev/hosts': 'git.example:22' })).toBeUndefined();
    expect(refusal({ 'sluice.dev/hosts': 'other.example' })).toContain('git.example');
    expect(refusal({}, 'ftp://git.example')).toContain('http, https and ssh');
  });
});
