//go:build tools

// What the end-to-end suite builds of Helm; named here so that `go mod tidy` locks what it needs.
package tools

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
