// What the server refuses in ConfigMaps and Secrets: names of keys, sizes, changes of what is immutable, keys that a type wants.
import { forbidden, invalid, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { dictOr, equal, textOr } from './json.ts';

const MAX_DATA = 1024 * 1024;
const KEY = /^[-._a-zA-Z0-9]+$/;
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

export function validateConfigMap(object: Dict, old: Dict | undefined): Cause[] {
  return [...immutable(object, old), ...keys(object, 'data'), ...keys(object, 'binaryData'), ...size(object)];
}

/** Keys that a Secret of a type has to have, with something in them. */
const WANTED: Record<string, readonly string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

export function validateSecret(object: Dict, old: Dict | undefined): Cause[] {
  const data = dictOr(object['data']);
  const type = textOr(object['type']);
  const missing = (WANTED[type] ?? []).filter((key) => data[key] === undefined);
  const changed = old !== undefined && old['type'] !== type;
  return [
    ...immutable(object, old),
    ...(changed ? [invalid('type', type, 'field is immutable')] : []),
    ...keys(object, 'data'),
    ...size(object),
    ...missing.map((key) => required(`data[${key}]`)),
  ];
}

function immutable(object: Dict, old: Dict | undefined): Cause[] {
  if (old?.['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const causes = object['immutable'] === true ? [] : [forbidden('immutable', why)];
  const changed = ['data', 'binaryData'].filter((field) => !equal(old[field], object[field]));
  return [...causes, ...changed.map((field) => forbidden(field, why))];
}

const keys = (object: Dict, field: string): Cause[] =>
  Object.keys(dictOr(object[field]))
    .filter((key) => !KEY.test(key))
    .map((key) => invalid(`${field}[${key}]`, key, KEY_TEXT));

function size(object: Dict): Cause[] {
  const texts = Object.values({ ...dictOr(object['data']), ...dictOr(object['binaryData']) });
  const bytes = texts.reduce<number>((sum, text) => sum + Buffer.byteLength(textOr(text)), 0);
  if (bytes <= MAX_DATA) return [];
  return [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${MAX_DATA} bytes`, field: '[]' }];
}
