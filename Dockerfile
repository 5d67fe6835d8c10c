# Tags here, digests in a release: .github/workflows/release.yml resolves both and passes them in, so that what was built is on record.
ARG NODE_IMAGE=node:22-slim
# Node alone: no shell, no package manager, no git. It runs no other program than itself.
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

FROM ${RUNTIME_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/dist ./dist
USER 10001:10001
EXPOSE 8080 8081
# The flags are those of the first line of dist/sluice.js. Only /tmp is written to: run it with a read-only root and a volume there.
ENTRYPOINT ["/nodejs/bin/node", "--optimize-for-size", "--max-semi-space-size=2", "/app/dist/sluice.js"]
CMD ["controller"]
