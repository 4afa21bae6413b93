# syntax=docker/dockerfile:1
# The image listens on all addresses of its container: `serve` refuses to start until LOM_REQUIRE_KEY is set, true or false.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY seed seed
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /data service
COPY --from=build /venv /venv
USER 10001
ENV PATH=/venv/bin:$PATH LOM_HOST=0.0.0.0 LOM_DATABASE_URL=sqlite:////data/lead-or-manage.db PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=30s \
    CMD ["/venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["/venv/bin/lead-or-manage"]
CMD ["serve"]
