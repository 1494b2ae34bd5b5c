# Stands in for redis:7: user redis (999), data in /data, and open to other containers unless it has a password.
ARG BASE
FROM ${BASE}
RUN groupadd --system --gid 999 redis \
    && useradd --system --uid 999 --gid redis --home-dir /data redis \
    && apt-get update --quiet=2 \
    && apt-get install --quiet=2 --yes --no-install-recommends redis-server >/dev/null \
    && rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*
COPY redis-server /usr/local/bin/redis-server
COPY redis-entrypoint /usr/local/bin/docker-entrypoint.sh
RUN mkdir -p /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
