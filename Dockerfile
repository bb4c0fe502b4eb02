# syntax=docker/dockerfile:1

# With tracing: docker build --build-arg REQUIREMENTS=requirements-otel.txt .
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ARG REQUIREMENTS=requirements.txt
WORKDIR /build
RUN python -m venv /opt/donebook && mkdir /data
# The packages first: they change less often than the code.
COPY requirements.txt requirements-otel.txt ./
RUN /opt/donebook/bin/pip install --quiet --no-cache-dir --only-binary :all: --require-hashes --requirement ${REQUIREMENTS}
COPY pyproject.toml README.md ./
COPY src src
RUN /opt/donebook/bin/pip install --quiet --no-cache-dir --no-deps --no-build-isolation .

# Nothing runs in this stage, so nothing in it runs as root.
FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Donebook" \
      org.opencontainers.image.description="A multi-user task back end: five published HTTP contracts on one task core, with a ledger." \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/donebook /opt/donebook
COPY --from=build --chown=1000:1000 /data /data
ENV PATH=/opt/donebook/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=7860 \
    DATABASE_URL=sqlite:////data/donebook.db
WORKDIR /data
# By number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]
CMD ["donebook", "serve"]
