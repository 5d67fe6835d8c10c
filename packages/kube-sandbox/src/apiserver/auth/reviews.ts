// Kinds that only answer: who am I, what may I, what may that user; and the tokens of ServiceAccounts.
import { toTime } from '../../clock.ts';
import type { Call } from '../call.ts';
import { invalid } from '../errors.ts';
import type { Dict } from '../json.ts';
import { at, dictOr, listOr, numberOr, textOr } from '../json.ts';
import type { Place } from '../prepare.ts';
import type { ResourceType } from '../resource.ts';
import type { Attributes } from './attributes.ts';
import type { Rule } from './rules.ts';
import { withStanding, type User } from './user.ts';

/** The status of a posted review. */
type Review = (call: Call, object: Dict, namespace: string | undefined) => Dict;

function attributesIn(spec: Dict, namespace: string | undefined): Attributes {
  const path = dictOr(spec['nonResourceAttributes']);
  if (spec['resourceAttributes'] === undefined) return { verb: textOr(path['verb']), path: textOr(path['path']) };
  const asked = dictOr(spec['resourceAttributes']);
  const text = (key: string): string => textOr(asked[key]);
  return {
    verb: text('verb'),
    resource: {
      group: text('group'),
      version: text('version'),
      plural: text('resource'),
      subresource: text('subresource'),
      name: text('name'),
      namespace: namespace ?? text('namespace'),
    },
    path: '',
  };
}

function decided(call: Call, user: User, attributes: Attributes): Dict {
  const { allowed, reason } = call.server.access.rbac.authorize(user, attributes);
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function checkAsked(type: string, object: Dict): Dict {
  const spec = dictOr(object['spec']);
  const given = ['resourceAttributes', 'nonResourceAttributes'].filter((key) => spec[key] !== undefined);
  if (given.length === 1) return spec;
  const message =
    given.length === 0
      ? 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified'
      : 'Invalid value: {}: cannot be specified in combination with resourceAttributes';
  const field = given.length === 0 ? 'spec.resourceAttributes' : 'spec.nonResourceAttributes';
  const named = { group: 'authorization.k8s.io', kind: type, plural: type };
  throw invalid(named, '', [{ reason: 'FieldValueInvalid', message, field }]);
}

const selfSubjectAccessReview: Review = (call, object) =>
  decided(call, call.user, attributesIn(checkAsked('SelfSubjectAccessReview', object), undefined));

const subjectAccessReview: Review = (call, object, namespace) => {
  const spec = checkAsked('SubjectAccessReview', object);
  const user = { name: textOr(spec['user']), groups: listOr(spec['groups']).map(String) };
  return decided(call, user, attributesIn(spec, namespace));
};

const selfSubjectReview: Review = (call) => {
  const { name, groups, uid, extra } = call.user;
  const isBare = extra === undefined || Object.keys(extra).length === 0;
  return { userInfo: { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(isBare ? {} : { extra }) } };
};

const selfSubjectRulesReview: Review = (call, object) => {
  const namespace = textOr(at(object, 'spec', 'namespace'));
  const rules = call.server.access.rbac.rulesFor(call.user, namespace);
  const some = (key: string, list: readonly string[]): Dict => (list.length === 0 ? {} : { [key]: list });
  const onResources = (rule: Rule): Dict => ({
    verbs: rule.verbs,
    ...some('apiGroups', rule.apiGroups),
    ...some('resources', rule.resources),
    ...some('resourceNames', rule.resourceNames),
  });
  return {
    resourceRules: rules.filter((rule) => rule.resources.length > 0).map(onResources),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
};

const tokenReview: Review = (call, object) => {
  try {
    const user = call.server.access.tokens.user(`Bearer ${textOr(at(object, 'spec', 'token'))}`);
    const { name, groups, uid } = withStanding(user);
    return { authenticated: true, user: { username: name, ...(uid === undefined ? {} : { uid }), groups } };
  } catch {
    return { user: {}, error: 'invalid bearer token' };
  }
};

const REVIEWS: Record<string, Review> = {
  SelfSubjectAccessReview: selfSubjectAccessReview,
  SelfSubjectRulesReview: selfSubjectRulesReview,
  SubjectAccessReview: subjectAccessReview,
  LocalSubjectAccessReview: subjectAccessReview,
  SelfSubjectReview: selfSubjectReview,
  TokenReview: tokenReview,
};

/** The status of a posted review. Errors: 422. */
export const reviewStatus = (call: Call, kind: string, object: Dict, namespace: string | undefined): Dict =>
  REVIEWS[kind]?.(call, object, namespace) ?? {};

const SHORTEST_S = 600;

/** POST serviceaccounts/NAME/token. Errors: 404, 422. */
export function requestToken(call: Call, type: ResourceType, place: Place): Dict {
  const account = call.server.objects.get(type, place);
  const asked = dictOr(JSON.parse(call.body === '' ? '{}' : call.body) as unknown);
  const seconds = numberOr(at(asked, 'spec', 'expirationSeconds'), 3600);
  const named = { group: 'authentication.k8s.io', kind: 'TokenRequest', plural: 'tokenrequests' };
  if (seconds < SHORTEST_S) {
    const message = `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`;
    throw invalid(named, '', [{ reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' }]);
  }
  const expires = call.server.clock.now() + seconds * 1000;
  const owner = { namespace: place.namespace ?? '', name: place.name };
  const token = call.server.access.tokens.forAccount(owner, at(account, 'metadata', 'uid'), expires);
  const { name, namespace } = place;
  const audiences = listOr(at(asked, 'spec', 'audiences'));
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: call.server.objects.around.now },
    spec: {
      audiences: audiences.length === 0 ? ['https://kubernetes.default.svc'] : audiences,
      expirationSeconds: seconds,
      boundObjectRef: null,
    },
    status: { token, expirationTimestamp: toTime(expires) },
  };
}
