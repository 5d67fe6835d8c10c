import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createEgress } from '../../src/egress/egress.ts';
import { parseHostPattern } from '../../src/egress/hosts.ts';
import { maySend } from '../../src/egress/may-send.ts';
import type { EgressPolicy, EgressUse } from '../../src/ports/egress.ts';

const NAMES: Record<string, string[]> = {
  'prometheus.monitoring': ['10.96.7.7'],
  'rebound.example': ['169.254.169.254'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'home.example': ['127.0.0.1'],
  'api.example': ['192.0.2.10'],
  'alias.example': ['192.0.2.10'],
  'six.example': ['::ffff:127.0.0.1'],
};
const egress = (policy: EgressPolicy = {}) =>
  createEgress(policy, {
    resolve: (host) =>
      Promise.resolve((NAMES[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))),
  });

function check(url: string, policy?: EgressPolicy, use: EgressUse = 'analysis'): string {
  try {
    egress(policy).check(url, use);
    return 'allowed';
  } catch (error) {
    return String(error);
  }
}

function connect(url: string, policy?: EgressPolicy): Promise<string> {
  return new Promise((resolve) =>
    egress(policy).lookup(url, 'analysis')(new URL(url).hostname, { all: true }, (error, found) =>
      resolve(error === null ? JSON.stringify(found) : String(error)),
    ),
  );
}

describe('by default no request reaches', () => {
  it.each([
    ['http://127.0.0.1:9090', 'this machine'],
    ['http://127.1/', 'this machine'],
    ['http://2130706433/', 'this machine'],
    ['http://0x7f.1/', 'this machine'],
    ['http://0177.0.0.1/', 'this machine'],
    ['http://127.0.0.1./', 'this machine'],
    ['http://localhost/', 'this machine'],
    ['http://LOCALHOST./', 'this machine'],
    ['http://a.localhost/', 'this machine'],
    ['http://ⓛocalhost/', 'this machine'],
    ['http://１２７.0.0.1/', 'this machine'],
    ['http://[::1]/', 'this machine'],
    ['http://[0:0:0:0:0:0:0:1]/', 'this machine'],
    ['http://[::ffff:127.0.0.1]/', 'this machine'],
    ['http://[::ffff:7f00:1]/', 'this machine'],
    ['http://[::127.0.0.1]/', 'this machine'],
    ['http://[64:ff9b::127.0.0.1]/', 'this machine'],
    ['http://[2002:7f00:1::]/', 'this machine'],
    ['http://[2001:0:7f00:1::]/', 'this machine'],
    ['http://[fd00::5efe:127.0.0.1]/', 'this machine'],
    ['http://169.254.1.1/', 'link-local'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://[fea0::1]/', 'link-local'],
    ['http://169.254.169.254/latest/meta-data', 'cloud metadata'],
    ['http://2852039166/', 'cloud metadata'],
    ['http://0xa9fea9fe/', 'cloud metadata'],
    ['http://[::ffff:a9fe:a9fe]/', 'cloud metadata'],
    ['http://[64:ff9b:1::a9fe:a9fe]/', 'cloud metadata'],
    ['http://[fd00:ec2::254]/', 'cloud metadata'],
    ['http://100.100.100.200/', 'cloud metadata'],
    ['http://168.63.129.16/', 'cloud metadata'],
    ['http://metadata.google.internal./', 'cloud metadata'],
    ['http://metadata/', 'cloud metadata'],
    ['http://0.0.0.0/', 'no address'],
    ['http://0/', 'no address'],
    ['http://[::]/', 'no address'],
    ['http://224.0.0.1/', 'multicast'],
    ['http://[ff02::1]/', 'multicast'],
    ['http://255.255.255.255/', 'reserved'],
    ['https://10.96.0.1/', 'the API server'],
    ['https://10.96.0.1:6443/', 'the API server'],
    ['https://[::ffff:10.96.0.1]/', 'the API server'],
    ['https://kubernetes.default.svc/', 'the API server'],
    ['https://kubernetes.default.svc.cluster.local:443/', 'the API server'],
  ])('%s: %s', (url, what) => {
    const told = check(url, { apiServer: 'https://10.96.0.1:443' });
    expect(told).toContain(what);
    expect(told).toContain('--analysis-hosts=');
  });

  it.each(['file:///etc/passwd', 'ftp://host/', 'nonsense', 'http://[fe80::1%25eth0]/'])('%s', (url) => {
    expect(check(url)).toContain('only http and https');
  });

  it.each([
    'http://prometheus.monitoring:9090',
    'http://10.0.0.7:9090',
    'http://[fd00::7]:9090',
    'https://example.com',
  ])('but %s may be asked', (url) => {
    expect(check(url)).toBe('allowed');
  });
});

describe('the address that is connected to is the one that was checked', () => {
  it.each([
    ['http://rebound.example', 'cloud metadata'],
    ['http://mixed.example', 'this machine'],
    ['http://six.example', 'this machine'],
    ['http://alias.example', 'the API server'],
  ])('%s is refused by what it resolves to', async (url, what) => {
    const told = await connect(url, { apiServer: 'https://api.example:6443' });
    expect(told).toContain(what);
    expect(told).toContain('resolves to it');
  });

  it('and another name than the one checked is not resolved at all', async () => {
    const lookup = egress().lookup('http://prometheus.monitoring', 'analysis');
    const told = await new Promise((resolve) =>
      lookup('home.example', { all: true }, (error) => resolve(String(error))),
    );
    expect(told).toContain('is not the host');
  });

  it('a private address is fine', async () => {
    expect(await connect('http://prometheus.monitoring:9090')).toBe('[{"address":"10.96.7.7","family":4}]');
  });
});

describe('what the operator lists', () => {
  const policy = (...analysisHosts: string[]): EgressPolicy => ({ analysisHosts, apiServer: 'https://127.0.0.1:6443' });

  it('may be asked, wherever it is, and nothing else', () => {
    expect(check('http://127.0.0.1:9090', policy('127.0.0.1'))).toBe('allowed');
    expect(check('http://127.1:9090', policy('127.0.0.1:9090'))).toBe('allowed');
    expect(check('http://[::1]:80', policy('[::1]:80'))).toBe('allowed');
    expect(check('http://127.0.0.1:22', policy('127.0.0.1:9090'))).toContain('this machine');
    expect(check('http://Prom.Example.', policy('*.example'))).toBe('allowed');
    expect(check('http://example', policy('*.example'))).toContain('not among the hosts');
    expect(check('http://badexample', policy('*.example'))).toContain('not among the hosts');
    expect(check('http://other.test', policy('prom.example'))).toContain('add it to --analysis-hosts');
    expect(check('http://other.test', policy('prom.example'), 'git')).toBe('allowed');
  });

  it('by a pattern is no word about this machine or metadata', async () => {
    expect(check('http://127.0.0.1', policy('*'))).toContain('this machine');
    expect(check('http://other.test', policy('*'))).toBe('allowed');
    expect(check('http://a.localhost', policy('*.localhost'))).toContain('this machine');
    expect(await connect('http://home.example', policy('*.example'))).toContain('this machine');
    expect(await connect('http://home.example', policy('home.example'))).toContain('127.0.0.1');
    expect(await connect('http://rebound.example', policy('rebound.example'))).toContain('cloud metadata');
  });

  it('is the API server only where its port is named', () => {
    expect(check('https://127.0.0.1:6443', policy('127.0.0.1'))).toContain('the API server');
    expect(check('https://127.0.0.1:6443', policy('127.0.0.1:6443'))).toBe('allowed');
  });

  it('goes without saying for its own Prometheus', async () => {
    const own: EgressPolicy = { prometheus: 'http://home.example:9090', analysisHosts: ['other.test'] };
    expect(check('http://home.example:9090/prom', own)).toBe('allowed');
    expect(await connect('http://home.example:9090/prom', own)).toContain('127.0.0.1');
    expect(check('http://home.example:9091', own)).toContain('not among');
    expect(check('http://home.example:9090', { ...own, gitHosts: ['x'] }, 'git')).toContain('--git-hosts');
  });

  it('is named so that every entry means a host', () => {
    expect(
      ['a', 'b:1 ', '*.c:2', '[::1]:3', '::1', '127.1', '*'].map((entry) => parseHostPattern(entry)?.host),
    ).toEqual(['a', 'b', '.c', '::1', '::1', '127.0.0.1', '']);
    for (const odd of ['', 'http://a', 'a/b', 'a b', 'u@a', '*a', 'a.*', '*.', 'a:99999', ':80', 'a,b'])
      expect([odd, parseHostPattern(odd)]).toEqual([odd, undefined]);
  });
});

describe('a Secret goes', () => {
  const policy: EgressPolicy = {
    prometheus: 'https://prom:9090',
    analysisHosts: ['metrics.example:443', '*.corp', '*'],
    gitHosts: ['git.example'],
  };
  const hosts = (text: string) => ({ 'sluice.dev/hosts': text });

  it.each([
    ['https://prom:9090/x', undefined, 'analysis', true],
    ['http://prom:9090/x', undefined, 'analysis', false],
    ['https://prom:9090', undefined, 'git', false],
    ['https://metrics.example', undefined, 'analysis', true],
    ['https://metrics.example:8443', undefined, 'analysis', false],
    ['http://a.corp:1', undefined, 'analysis', true],
    ['https://git.example/x.git', undefined, 'git', true],
    ['https://git.example/x.git', undefined, 'analysis', false],
    ['https://evil.example', undefined, 'analysis', false],
    ['https://evil.example', hosts('*'), 'analysis', false],
    ['https://mine.example', hosts('other.example, mine.example'), 'analysis', true],
    ['https://mine.example:8443', hosts('mine.example:443'), 'analysis', false],
    ['https://mine.example.evil', hosts('mine.example'), 'git', false],
    ['https://mine.example@evil.example', hosts('mine.example'), 'git', false],
  ] as const)('to %s with %j by %s: %s', (url, annotations, use, expected) => {
    expect(maySend(annotations, url, use, policy)).toBe(expected);
  });

  it('nowhere else, with what to write', () => {
    const send = () =>
      egress(policy).checkSecret({ namespace: 'shop', name: 'db' }, 'https://evil.example', 'analysis');
    expect(send).toThrow(
      'the Secret shop/db may not be sent to evil.example:443: name the host in its annotation sluice.dev/hosts: "evil.example:443", or have the operator add it to --analysis-hosts',
    );
  });
});

describe('a real connection', () => {
  const servers: http.Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  it('to this machine by a name is not made, unless the name is listed', async () => {
    let asked = 0;
    const server = http.createServer((_, response) => response.end(String(++asked)));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://home.example:${(server.address() as AddressInfo).port}/`;
    const get = (policy: EgressPolicy): Promise<string> =>
      new Promise((resolve) =>
        http
          .get(url, { lookup: egress(policy).lookup(url, 'analysis'), agent: false }, (answer) =>
            resolve(String(answer.resume().statusCode)),
          )
          .on('error', (error) => resolve(String(error))),
      );
    expect(await get({})).toContain('EgressRefused');
    expect(asked).toBe(0);
    expect(await get({ analysisHosts: ['home.example'] })).toBe('200');
  });
});
