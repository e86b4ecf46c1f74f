# Ducktail as a container: `ducktail run` by default, any other command as its arguments.
# Built in the checkout: docker build -t ducktail .

FROM node:22.21-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22.21-bookworm-slim
ENV NODE_ENV=production \
    DUCKDB_PATH=/data/replica.duckdb
# The replica, what is published of it, and backups: mount a volume here.
RUN install --directory --owner=node --group=node --mode=0700 /data
WORKDIR /app
COPY --from=build /build/package.json ./package.json
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/bin ./bin
COPY --from=build /build/bundle ./bundle
COPY --from=build /build/migrations ./migrations
COPY --from=build /build/web ./web
COPY --from=build /build/config/grafana ./config/grafana
USER node
VOLUME /data
EXPOSE 8080
# Healthy is what has read and written the replica; the first copy of the tables counts as its start.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/ducktail.js"]
CMD ["run"]
