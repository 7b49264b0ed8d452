# docker build --target service -t headroom-service .      docker build --target training -t headroom-training .
FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH HEADROOM_HOME=/var/lib/headroom
RUN groupadd --system --gid 10001 headroom \
    && useradd --system --uid 10001 --gid headroom --home-dir /var/lib/headroom --shell /usr/sbin/nologin headroom \
    && install --directory --owner headroom --group headroom /var/lib/headroom
WORKDIR /app

FROM python:3.13-slim AS installer
# Compiled here, once: a container may not write next to its packages.
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY requirements/bootstrap.txt /requirements/
RUN pip install --no-cache-dir --require-hashes -r /requirements/bootstrap.txt && uv venv --quiet /opt/venv

FROM installer AS service-packages
COPY requirements/service.txt /requirements/
# Of plotly the service reads Plotly.js alone: its modules are a third of the image.
RUN uv pip install --quiet --no-cache --python /opt/venv --require-hashes -r /requirements/service.txt \
    && find /opt/venv/lib/python3.13/site-packages/plotly -mindepth 1 -maxdepth 1 \
        -not -name __init__.py -not -name package_data -exec rm -r {} +

FROM installer AS training-packages
COPY requirements/training.txt /requirements/
RUN uv pip install --quiet --no-cache --python /opt/venv --require-hashes -r /requirements/training.txt

FROM base AS training
COPY --from=training-packages /opt/venv /opt/venv
COPY publication/ publication/
COPY training/ training/
USER 10001:10001
HEALTHCHECK --interval=5m --timeout=60s CMD ["python", "-m", "training", "--help"]
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]

# Last, so that a build without --target gives the one that faces a network.
FROM base AS service
COPY --from=service-packages /opt/venv /opt/venv
COPY publication/ publication/
COPY service/ service/
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "service"]
# A container listens on all its own addresses; who may reach them is decided where its port is published.
CMD ["--host", "0.0.0.0", "--port", "8000", "--allow-anonymous"]
