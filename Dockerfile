# Both images of aiconform. Any Debian with Python 3.11 or newer and its venv module can be the base:
#   docker build --target coordinator -t aiconform/coordinator:0.1.0 .
#   docker build --target engine      -t aiconform/engine:0.1.0 .
# No step knows the architecture. The last stages run nothing: what they copy is all they add.
ARG BASE=python:3.13-slim

FROM ${BASE} AS base
# The root file system is read-only. The user has no home and no name; libraries ask for both.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp LOGNAME=aiconform PATH=/opt/venv/bin:$PATH


FROM base AS coordinator-packages
COPY requirements/image.txt /build/
RUN python3 -m venv /opt/venv \
    && pip install --no-cache-dir --no-compile --require-hashes -r /build/image.txt \
    && pip uninstall --yes --quiet pip setuptools
# Of the Kubernetes client we use the asynchronous half. The other one's API and models, 32 MB, are
# loaded only when asked for; kopf looks for two of them and does without.
RUN cd "$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && find kubernetes/client/api kubernetes/client/models -name '*.py' ! -name __init__.py -delete
# Compiled once here and not at every start. Importing compiles what is used and no more.
RUN PYTHONDONTWRITEBYTECODE= python3 -c 'import aiohttp.web, click, cryptography.x509, \
    jinja2, kopf, kubernetes.aio, prometheus_client, pydantic, structlog, yaml'


FROM coordinator-packages AS program
COPY tools/build_agent.py /build/tools/
COPY src /build/src
RUN python3 /build/tools/build_agent.py /opt/aiconform/agent.pyz
COPY src/aiconform /opt/aiconform/lib/aiconform
COPY charts/aiconform /opt/aiconform/lib/aiconform/chart
RUN python3 -m compileall -q /opt/aiconform/lib \
    && mkdir /opt/aiconform/bin \
    && printf '#!/bin/sh\nexec python3 -m aiconform.cli "$@"\n' >/opt/aiconform/bin/aiconform \
    && chmod 755 /opt/aiconform/bin/aiconform


FROM base AS engine-packages
COPY requirements/engine.txt /build/
RUN python3 -m venv /opt/venv \
    && pip install --no-cache-dir --no-compile --require-hashes -r /build/engine.txt \
    && pip uninstall --yes --quiet pip setuptools
# Tests of the libraries, 60 MB, are not for here.
RUN cd "$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && find . -depth -type d -name tests -exec rm -rf {} +
RUN PYTHONDONTWRITEBYTECODE= python3 -c 'import jax, jax.numpy as jnp; \
    jax.jit(lambda a: a @ a)(jnp.ones((8, 8))).block_until_ready()'


# What agents run in: JAX on CPU. Accelerators want the site's own image in its place.
FROM base AS engine
COPY --from=engine-packages /opt/venv /opt/venv
ENV JAX_PLATFORMS=cpu
USER 65532:65532
ENTRYPOINT ["python3"]


# The coordinator, and the agent for an init container to copy. Last, and so what is built by default.
FROM base AS coordinator
COPY --from=coordinator-packages /opt/venv /opt/venv
COPY --from=program /opt/aiconform /opt/aiconform
ENV PATH=/opt/aiconform/bin:$PATH PYTHONPATH=/opt/aiconform/lib
USER 65532:65532
ENTRYPOINT ["aiconform"]
