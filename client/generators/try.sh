#!/usr/bin/env bash
# Generates clients in Python and TypeScript from the OpenAPI document of a running service, checks their types, and calls
# the service with them: client/generators/try.sh [URL]. Needs pip and npm; writes to a temporary folder only.
set -euo pipefail
url=${1:-http://127.0.0.1:8000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/try.py "$here"/try.ts "$work"
cd "$work"
echo '{"private": true}' >package.json

python3 -m venv .venv
PATH=$work/.venv/bin:$PATH
pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 python-dateutil mypy types-python-dateutil
printf 'content_type_overrides:\n  image/svg+xml: text/html\n  application/x-ndjson: application/octet-stream\n  text/csv: application/octet-stream\n' >config.yml # types it would not know how to send or read
openapi-python-client generate --url "$url/openapi.json" --output-path generated --meta none --fail-on-warning \
    --config config.yml
printf '[mypy]\nstrict = true\n[mypy-generated.client]\nignore_errors = true\n' >mypy.ini # its own template fails, whatever the document
mypy try.py
python try.py "$url"

npm install --silent --no-fund --no-audit @hey-api/openapi-ts@0.95.0 typescript@5.9 @types/node@22
curl -fsS "$url/openapi.json" -o openapi.json
npx openapi-ts -i openapi.json -o src -c @hey-api/client-fetch
npx tsc --strict --target es2022 --module commonjs --moduleResolution node10 --outDir built --types node try.ts
node built/try.js "$url"
