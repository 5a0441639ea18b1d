# syntax=docker/dockerfile:1
# One image for every process; which one it becomes is the command. See docs/deploying.md.

FROM python:3.11-slim-bookworm AS build
# Compiled here once: the image is read-only when it runs.
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY requirements.lock requirements-build.lock pyproject.toml ./
# uv is installed by pip from the lock's own lines, everything else by uv; nothing without its digest.
RUN --mount=type=cache,target=/root/.cache \
    sed -n '/^uv==/,/^[^ #]/p' requirements.lock | sed '1b;/^[^ #]/d' > uv.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r uv.txt \
    && /opt/build/bin/uv pip install --quiet --python /opt/build/bin/python --require-hashes -r requirements-build.lock
RUN --mount=type=cache,target=/root/.cache \
    python -m venv --without-pip /opt/mendloop \
    && /opt/build/bin/uv pip install --quiet --python /opt/mendloop/bin/python --require-hashes \
        --only-binary :all: -c requirements.lock -r pyproject.toml
COPY LICENSE README.md ./
COPY bot/ bot/
COPY workers/ workers/
RUN /opt/build/bin/python -m hatchling build -t wheel -d /opt/dist \
    && /opt/build/bin/uv pip install --quiet --python /opt/mendloop/bin/python --no-deps --offline /opt/dist/*.whl

FROM python:3.11-slim-bookworm
# bubblewrap and libseccomp make the boxes, git fetches, the certificates are for GitHub.
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends bubblewrap ca-certificates git libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/mendloop --shell /usr/sbin/nologin mendloop \
    && install -d -o mendloop -g mendloop -m 0700 /runs
COPY --from=build /opt/mendloop /opt/mendloop
ENV PATH=/opt/mendloop/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    MENDLOOP_STATE_DIR=/var/lib/mendloop \
    MENDLOOP_HOST=0.0.0.0 \
    MENDLOOP_PORT=8080
USER mendloop
WORKDIR /var/lib/mendloop
VOLUME /var/lib/mendloop
EXPOSE 8080
STOPSIGNAL SIGTERM
# For `serve` and `web`. A service that runs another process turns it off or brings its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['MENDLOOP_PORT'] + '/readyz', timeout=4)"]
ENTRYPOINT ["mendloop-app"]
CMD ["serve"]
