// The operator's word on where requests may go, applied to URLs as written and to the addresses that names resolve to.
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { EgressRefused, type Egress, type EgressPolicy, type EgressUse } from '../ports/egress.ts';
import { forbidden, parseAddress, spellings, type Address } from './address.ts';
import { hostText, matchesHost, targetOf, type HostPattern, type Target } from './hosts.ts';
import { flagOf, isOwnPrometheus, listed, secretRefusal } from './may-send.ts';

export interface EgressOptions {
  /** All addresses of a name. Default: the system's resolver. */
  resolve?: (host: string) => Promise<LookupAddress[]>;
}

const SPECIAL_NAMES: readonly [pattern: RegExp, what: string][] = [
  [/(^|\.)(localhost|localdomain|ip6-localhost|ip6-loopback)$/, 'this machine'],
  [
    /^(metadata|metadata\.goog|metadata\.google\.internal|instance-data|instance-data\.ec2\.internal)$/,
    'cloud metadata',
  ],
  [/^kubernetes(\.default(\.svc(\..+)?)?)?$/, 'the API server'],
];

/** Applies a policy. Names are resolved once for each connection, and the address found is the one that is connected to. */
export function createEgress(policy: EgressPolicy, options: EgressOptions = {}): Egress {
  const resolve = options.resolve ?? resolveAll;
  const apiServer = policy.apiServer === undefined ? undefined : targetOf(policy.apiServer);
  const apiAddresses = new Set(apiServer?.address ? spellings(apiServer.address) : []);
  const learnApiServer = async (): Promise<void> => {
    if (apiServer === undefined || apiServer.address !== undefined) return;
    const found = await resolve(apiServer.host).catch(() => []);
    for (const { address } of found)
      for (const spelling of spellings(parseAddress(address) ?? [])) apiAddresses.add(spelling);
  };
  void learnApiServer();
  const judge: Judge = {
    policy,
    apiServer,
    isApiServer: (address) => spellings(address).some((spelling) => apiAddresses.has(spelling)),
  };
  return {
    check: (url, use) => {
      const target = targetOf(url);
      if (target === undefined || (target.scheme === 'ssh' && use !== 'git')) throw new EgressRefused(ONLY[use]);
      const refusal = refusalOf(judge, target, use);
      if (refusal !== undefined) throw new EgressRefused(refusal);
    },
    lookup: (url, use) => {
      const target = targetOf(url);
      return guarded(async (host) => {
        if (target?.host !== plainName(host)) throw new EgressRefused(`${host} is not the host that was asked for`);
        const [found] = await Promise.all([resolve(host), learnApiServer()]);
        for (const { address } of found) {
          const refusal = addressRefusal(judge, target, address, use);
          if (refusal !== undefined) throw new EgressRefused(refusal);
        }
        return found;
      });
    },
    checkSecret: (secret, url, use) => {
      const refusal = secretRefusal(secret, url, use, policy);
      if (refusal !== undefined) throw new EgressRefused(refusal);
    },
  };
}

const ONLY: Readonly<Record<EgressUse, string>> = {
  analysis: 'only http and https URLs are asked',
  git: 'only http, https and ssh URLs are asked',
};

interface Judge {
  policy: EgressPolicy;
  apiServer: Target | undefined;
  isApiServer: (address: Address) => boolean;
}

const plainName = (host: string): string => host.toLowerCase().replace(/\.+$/, '');

/** By what the URL says alone. */
function refusalOf(judge: Judge, target: Target, use: EgressUse): string | undefined {
  if (isOwnPrometheus(judge.policy, target, use)) return undefined;
  const list = listed(judge.policy, use);
  const what = specialTarget(judge, target);
  if (what !== undefined && !namesTarget(judge, list, target)) return refused(target, what, use);
  if (list.length === 0 || list.some((pattern) => matchesHost(pattern, target))) return undefined;
  return `${hostText(target)} is not among the hosts that may be asked: the operator can add it to ${flagOf(use)}`;
}

function specialTarget(judge: Judge, target: Target): string | undefined {
  if (target.address !== undefined) return specialAddress(judge, target);
  if (target.host === judge.apiServer?.host) return 'the API server';
  return SPECIAL_NAMES.find(([pattern]) => pattern.test(target.host))?.[1];
}

const WHAT = {
  loopback: 'this machine',
  'link-local': 'a link-local address',
  metadata: 'cloud metadata',
  unspecified: 'no address of a host',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
} as const;

function specialAddress(judge: Judge, target: Target): string | undefined {
  const address = target.address ?? [];
  const what = forbidden(address);
  if (what !== undefined && !isApiServerAt(judge, target)) return WHAT[what];
  return judge.isApiServer(address) ? 'the API server' : undefined;
}

/** Named by the operator to the letter. The API server's own port takes the port to be named, too. */
function namesTarget(judge: Judge, list: HostPattern[], target: Target): boolean {
  const toApiServer =
    target.port === judge.apiServer?.port &&
    (target.host === judge.apiServer.host || (target.address !== undefined && judge.isApiServer(target.address)));
  return list.some(
    (pattern) =>
      pattern.kind === 'exact' && matchesHost(pattern, target) && (!toApiServer || pattern.port !== undefined),
  );
}

/** By what a name resolved to. A name that the operator listed may be this machine; all else takes the address to be listed. */
function addressRefusal(judge: Judge, target: Target, text: string, use: EgressUse): string | undefined {
  if (isOwnPrometheus(judge.policy, target, use)) return undefined;
  const address = parseAddress(text);
  if (address === undefined) return `${target.host} resolves to ${text}, which is no address`;
  const resolved: Target = { ...target, host: text.split('%')[0] ?? text, address };
  const what = specialAddress(judge, resolved);
  if (what === undefined) return undefined;
  const list = listed(judge.policy, use);
  if (namesTarget(judge, list, resolved)) return undefined;
  const isLocal = forbidden(address) === 'loopback' && !isApiServerAt(judge, resolved);
  if (isLocal && namesTarget(judge, list, target)) return undefined;
  return `${refused(resolved, what, use)} (${target.host} resolves to it)`;
}

const isApiServerAt = (judge: Judge, { address, port }: Target): boolean =>
  address !== undefined && judge.isApiServer(address) && port === judge.apiServer?.port;

const refused = (target: Target, what: string, use: EgressUse): string =>
  `${hostText(target)} is ${what}, which is not asked unless the operator names it: ${flagOf(use)}=${hostText(target)}`;

function resolveAll(host: string): Promise<LookupAddress[]> {
  return new Promise((done, fail) =>
    systemLookup(host, { all: true }, (error, found) => (error === null ? done(found) : fail(error))),
  );
}

/** A lookup as Node's sockets call it. */
function guarded(find: (host: string) => Promise<LookupAddress[]>): LookupFunction {
  return (host, { all, family }, callback) => {
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    const settle = (error: NodeJS.ErrnoException | null, found: LookupAddress[]): void => {
      if (all === true) return callback(error, found);
      callback(error, found[0]?.address ?? '', found[0]?.family);
    };
    find(host)
      .then((found) => found.filter((each) => wanted === undefined || wanted === 0 || each.family === wanted))
      .then(
        (found) => (found.length > 0 ? settle(null, found) : settle(notFound(host), [])),
        (error: unknown) => settle(error instanceof Error ? error : new Error(String(error)), []),
      );
  };
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
}
