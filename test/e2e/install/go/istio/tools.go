//go:build tools

// What the end-to-end suite builds of Istio; named here so that `go mod tidy` locks what it needs.
package tools

import _ "istio.io/istio/pilot/cmd/pilot-discovery"
