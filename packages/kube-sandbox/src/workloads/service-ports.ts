// The ports of a Service as its pods serve them: numbers stay, names are looked up in the containers.
import type { KubeObject } from '../objects.ts';
import type { Pod } from './pod.ts';

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  appProtocol?: string;
  targetPort?: number | string;
}

export interface Service extends KubeObject {
  spec: {
    type?: string;
    clusterIP?: string;
    selector?: Record<string, string>;
    publishNotReadyAddresses?: boolean;
    ports?: ServicePort[];
  };
}

/** A port as endpoints list it; the name is empty for a Service with one port without a name. */
export interface EndpointPort {
  name: string;
  protocol: string;
  port: number;
  appProtocol?: string;
}

interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

function numberOf({ targetPort, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort !== 'string') return targetPort ?? port;
  const ports = pod.spec.containers.flatMap((container) => (container['ports'] ?? []) as ContainerPort[]);
  return ports.find((item) => item.name === targetPort && (item.protocol ?? 'TCP') === protocol)?.containerPort;
}

/** The Service's ports on this pod; a name that the pod does not know is left out. */
export function portsOn(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((item) => {
    const port = numberOf(item, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = item;
    return [{ name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
