# The product, without its development tools. Build: docker build -t sallyport .
# Run: docker run --read-only -v ./sallyport.yaml:/etc/sallyport/sallyport.yaml:ro -p 3000:3000 sallyport

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

FROM node:24-bookworm-slim
# By itself Node lets garbage pile up to several times what lives: 480 MB under load instead of 200, for a fifth less CPU.
# A process that serves hundreds of tenants wants a larger old space.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=256" \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    MALLOC_ARENA_MAX=2 \
    SALLYPORT_CONFIG=/etc/sallyport/sallyport.yaml \
    SALLYPORT_LISTEN_HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY views views
COPY migrations migrations
COPY config config
# What Node makes of the TypeScript, kept: a start of half the time, without the compiler in memory. It is by user, and read only.
RUN install -d -o node .compile-cache \
    && su node -s /bin/sh -c 'node src/main.ts --help' > /dev/null \
    && chown -R root:root .compile-cache
USER node
EXPOSE 3000
# Asks the port that the process listens on; probes on a port of their own set HEALTH_URL.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL ?? `http://127.0.0.1:${process.env.PORT ?? 3000}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
