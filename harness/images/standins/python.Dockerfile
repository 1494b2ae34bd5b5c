# Stands in for python:3.11-slim: `python` and `pip` in /usr/local/bin, `pip install` goes to /usr/local/lib.
ARG BASE
FROM ${BASE}
RUN apt-get update --quiet=2 \
    && apt-get install --quiet=2 --yes --no-install-recommends python3.11 python3.11-venv >/dev/null \
    && python3.11 -m venv /usr/local \
    && rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*
# pip brings certificates of its own along; those of the system hold what this machine trusts.
RUN printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > /etc/pip.conf
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
CMD ["python3"]
