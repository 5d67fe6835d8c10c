# Tags here, digests in a release: .github/workflows/release.yml resolves both and passes them in, so that what was built is on record.
ARG NODE_IMAGE=node:22-slim
# Builds kustomize and helm.
ARG GO_IMAGE=golang:1.26
# Node alone: no shell, no package manager, no git. Beside itself it runs kustomize and helm.
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs22-debian12:nonroot

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/kube-sandbox/package.json packages/kube-sandbox/package.json
COPY packages/kube-schema/package.json packages/kube-schema/package.json
# The lock names the integrity of every package; none of them runs a script here.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# What renders Kustomize and Helm: the versions that the end-to-end suite runs, by the same locks.
FROM ${GO_IMAGE} AS tools
ENV CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false -trimpath'
COPY test/e2e/install/go/kustomize /locks/kustomize
RUN cd /locks/kustomize && go build -ldflags '-s -w' -o /out/ sigs.k8s.io/kustomize/kustomize/v5
COPY test/e2e/install/go/helm /locks/helm
RUN cd /locks/helm && go build -o /out/ \
  -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$(go list -m -f '{{.Version}}' helm.sh/helm/v4)" \
  helm.sh/helm/v4/cmd/helm

FROM ${RUNTIME_IMAGE}
ENV NODE_ENV=production PATH=/usr/local/bin
WORKDIR /app
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/dist ./dist
COPY --from=tools /out /usr/local/bin
USER 10001:10001
EXPOSE 8080 8081
# The flags are those of the first line of dist/sluice.js. Only /tmp is written to: run it with a read-only root and a volume there.
ENTRYPOINT ["/nodejs/bin/node", "--optimize-for-size", "--max-semi-space-size=2", "/app/dist/sluice.js"]
CMD ["controller"]
