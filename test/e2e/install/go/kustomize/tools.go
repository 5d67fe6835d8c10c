//go:build tools

// What the end-to-end suite builds of Kustomize; named here so that `go mod tidy` locks what it needs.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
