// Spellings of a repository: over HTTP and SSH, and which of them are one.
import { describe, expect, it } from 'vitest';
import { isSameRepository, repositoryUrl, sshPlace, webUrl } from '../../src/api/repository-url.ts';

describe('a repository over SSH', () => {
  it.each([
    ['git@github.com:acme/shop.git', { user: 'git', host: 'github.com', port: 22, path: 'acme/shop.git' }],
    ['ssh://github.com/acme/shop.git', { user: 'git', host: 'github.com', port: 22, path: '/acme/shop.git' }],
    ['ssh://ada@Git.Example:2222/srv/a%20b', { user: 'ada', host: 'git.example', port: 2222, path: '/srv/a b' }],
    ['ssh://git@[::1]:22/shop', { user: 'git', host: '::1', port: 22, path: '/shop' }],
    ['ssh://git@example.com/~ada/shop', { user: 'git', host: 'example.com', port: 22, path: '~ada/shop' }],
    ['me@host:/srv/shop', { user: 'me', host: 'host', port: 22, path: '/srv/shop' }],
  ])('%s is reached at one place', (url, place) => {
    expect(sshPlace(url)).toEqual(place);
  });

  it.each([
    'https://github.com/acme/shop',
    'ssh://git@host:70000/shop',
    'ssh://git:secret@host/shop',
    'ssh://-oProxyCommand=x/shop',
    '-oProxyCommand=x@host:shop',
    'git@host:-shop',
    'ssh://git@host/a%0Ab',
    'ssh://git@host/%ff',
    'ssh://%ff@host/shop',
    'ssh://git@999.1.1.1.1/shop',
    'git@999.1.1.1.1:shop',
    '/srv/shop',
  ])('is not %s', (url) => {
    expect(sshPlace(url)).toBeUndefined();
  });
});

describe('the URL of a repository', () => {
  it.each([
    ['git@github.com:acme/shop.git', 'ssh://git@github.com/acme/shop.git'],
    ['ssh://ada@[::1]:2222/a%20b', 'ssh://ada@[::1]:2222/a%20b'],
    ['https://github.com/acme/shop', 'https://github.com/acme/shop'],
  ])('of %s is %s', (written, url) => {
    expect(repositoryUrl(written)?.href).toBe(url);
  });

  it('is none for what is reached in another way', () => {
    for (const url of ['ftp://host/shop', 'http://', 'shop', '']) expect(repositoryUrl(url)).toBeUndefined();
    expect(webUrl('shop')).toBeUndefined();
  });

  it.each([
    ['git@github.com:acme/shop.git', 'https://github.com/acme/shop.git'],
    ['ssh://git@ssh.github.com:443/acme/shop.git', 'https://github.com/acme/shop.git'],
    ['git@ssh.dev.azure.com:v3/acme/web/shop', 'https://dev.azure.com/acme/web/_git/shop'],
    ['ssh://git@git.example:2222/acme/shop', 'https://git.example/acme/shop'],
    ['https://git.example:8443/acme/shop', 'https://git.example:8443/acme/shop'],
  ])('of %s in a browser is %s', (written, url) => {
    expect(webUrl(written)?.href).toBe(url);
  });
});

describe('one repository', () => {
  it.each([
    ['git@github.com:acme/shop.git', 'https://github.com/acme/shop'],
    ['https://github.com/acme/shop/', 'git@github.com:acme/shop'],
    ['git@github.com:acme/shop', 'ssh://git@github.com/acme/shop.git'],
    ['https://GitHub.com/acme/shop.git', 'https://github.com/acme/shop'],
    ['ssh://git@git.example:2222/acme/shop', 'https://git.example/acme/shop'],
    ['not a URL', 'not a URL'],
  ])('is %s and %s', (a, b) => {
    expect(isSameRepository(a, b)).toBe(true);
  });

  it.each([
    ['git@github.com:acme/shop', 'git@github.com:acme/web'],
    ['git@github.com:acme/shop', 'git@gitlab.com:acme/shop'],
    ['ssh://git@git.example:22/shop', 'ssh://git@git.example:2222/shop'],
    ['http://git.example/shop', 'https://git.example/shop'],
    ['git@github.com:acme/shop', 'https://github.com/acme/web'],
    ['not a URL', 'https://github.com/acme/shop'],
    ['https://github.com/acme/shop', 'not a URL'],
  ])('is not %s and %s', (a, b) => {
    expect(isSameRepository(a, b)).toBe(false);
  });
});
