# Stands in for postgres:15: the variables, init scripts, user (999), locale and log lines of the official image.
#
# Without just-in-time compilation: LLVM alone is 110 MB, and tests have no queries that gain by it.
ARG BASE
FROM ${BASE}
RUN printf '%s\n' 'path-exclude=/usr/lib/*/libLLVM*' 'path-exclude=/usr/lib/postgresql/*/lib/bitcode/*' \
        'path-exclude=/usr/lib/postgresql/*/lib/llvmjit*' > /etc/dpkg/dpkg.cfg.d/postgres \
    && groupadd --system --gid 999 postgres \
    && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres \
    && mkdir -p /etc/postgresql-common /docker-entrypoint-initdb.d \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update --quiet=2 \
    && apt-get install --quiet=2 --yes --no-install-recommends -o Dpkg::Options::=--force-confold \
        locales postgresql-15 >/dev/null \
    && localedef --inputfile=en_US --force --charmap=UTF-8 en_US.UTF-8 \
    && rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/* \
    && sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" /usr/share/postgresql/15/postgresql.conf.sample \
    && install --directory --owner=postgres --group=postgres --mode=1777 /var/lib/postgresql/data \
    && install --directory --owner=postgres --group=postgres --mode=3777 /var/run/postgresql
COPY postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
RUN ln -s docker-entrypoint.sh /usr/local/bin/docker-ensure-initdb.sh
ENV PATH=$PATH:/usr/lib/postgresql/15/bin LANG=en_US.utf8 PG_MAJOR=15 PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
