# The product, without its development tools. Build: docker build -t sallyport .
# Run: docker run --read-only -v ./sallyport.yaml:/etc/sallyport/sallyport.yaml:ro -p 3000:3000 sallyport

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    SALLYPORT_CONFIG=/etc/sallyport/sallyport.yaml \
    SALLYPORT_LISTEN_HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY views views
COPY migrations migrations
COPY config config
USER node
EXPOSE 3000
# Asks the port that the process listens on; probes on a port of their own set HEALTH_URL.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL ?? `http://127.0.0.1:${process.env.PORT ?? 3000}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
