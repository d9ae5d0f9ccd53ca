FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# What changes seldom comes first, so that a change of syncd alone reuses these layers.
COPY requirements-build.lock requirements-runtime.lock ./
RUN pip install --require-hashes -r requirements-build.lock \
    && python -m venv /opt/syncd \
    && /opt/syncd/bin/pip install --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY syncd ./syncd
COPY migrations ./migrations
COPY config ./config
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/syncd/bin/pip install --no-deps dist/*.whl

FROM python:3.13-slim
COPY --from=build /opt/syncd /opt/syncd
ENV PATH=/opt/syncd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SYNCD_CONFIG=/etc/syncd/syncd.toml \
    SYNCD_SERVICE__DATA_DIR=/var/lib/syncd
RUN useradd --system --uid 10001 --home-dir /var/lib/syncd --create-home syncd
USER 10001
WORKDIR /var/lib/syncd
VOLUME /var/lib/syncd
EXPOSE 8440
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8440/livez', timeout=4)"]
ENTRYPOINT ["syncd"]
CMD ["run"]
