// Where things listen inside the cluster's network namespace. Every pod has an address of its own in POD_RANGE; all of them are local there.
export const POD_RANGE = '10.244.0.0/16';
export const SERVICE_RANGE = '10.0.0.0/16';
export const NODE_NAME = 'e2e-node';

export const PORTS = {
  etcd: 2379,
  etcdPeers: 2380,
  apiserver: 6443,
  prometheus: 9090,
  istiodXds: 15010,
  istiodHttp: 15014,
  /** On each Envoy's own address. */
  envoyAdmin: 15000,
  /** The gateway's listener; a wildcard one, so no pod may use it. */
  gateway: 18080,
} as const;

export const APISERVER_URL = `https://127.0.0.1:${PORTS.apiserver}`;
export const PROMETHEUS_URL = `http://127.0.0.1:${PORTS.prometheus}`;
