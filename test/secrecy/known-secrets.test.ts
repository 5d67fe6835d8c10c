import { describe, expect, it } from 'vitest';
import { knownSecrets } from '../../src/secrecy/known-secrets.ts';

describe('what is known to be secret', () => {
  it('is forgotten for nobody else’s sake: who brings most gives way', () => {
    const secrets = knownSecrets();
    secrets.learn('git-token-of-shop', 'shop');
    for (let n = 0; n < 25_000; n++) secrets.learn(`planted-${n}-secret`, 'flood');
    expect(secrets.scrub('git-token-of-shop planted-0-secret planted-24999-secret')).toBe('*** planted-0-secret ***');
  });

  it('is found behind what looks as if it led into it', () => {
    const secrets = knownSecrets();
    secrets.learn('41 is ä number');
    expect(secrets.scrub('like %41%20is%20%C3%A4%20number%')).toBe('like %***%');
    expect(secrets.scrub(String.raw`path \41 is \u00e4 number\end`)).toBe(String.raw`path ***\end`);
  });

  it('is found in another case, letters that have two in the other one included', () => {
    const secrets = knownSecrets();
    secrets.learn('straße-ᾀ-7c1');
    expect(secrets.scrub('straße-ᾀ-7c1'.toUpperCase())).toBe('***');
  });

  it('is found where a text was cut through it', () => {
    const secrets = knownSecrets();
    secrets.learn('hunter2-token-of-shop');
    expect(secrets.scrub('denied: hunter2-token')).toBe('denied: ***');
    expect(secrets.scrub('denied: aHVudGVyMi10b2tlbi1…')).toBe('denied: ***');
    expect(secrets.scrub('denied: hunter2')).toBe('denied: hunter2');
  });

  it('goes together with what looks like a credential, and leaves words about credentials alone', () => {
    const secrets = knownSecrets();
    const scrub = (text: string): string => secrets.scrub(text);
    expect(scrub('https://ci:hunter2@git.example.com/x Authorization: Basic Y2k6aHVudGVyMg==')).toBe(
      'https://***@git.example.com/x Authorization: Basic ***',
    );
    expect(scrub('Basic authentication is refused; the Bearer credentials, too')).toBe(
      'Basic authentication is refused; the Bearer credentials, too',
    );
  });
});
