#!/usr/bin/env bash
# Generates clients in Python and TypeScript from the OpenAPI document of a running service, checks their types, and calls
# the service with them; and checks the document as OpenAPI 3.1 and, converted, as 3.0: client/generators/try.sh [URL].
# Needs pip and npm; writes to a temporary folder only.
set -euo pipefail
url=${1:-http://127.0.0.1:8000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/try.py "$here"/try.ts "$here"/types.ts "$work"
cd "$work"
echo '{"private": true}' >package.json

python3 -m venv .venv
PATH=$work/.venv/bin:$PATH
pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 python-dateutil mypy \
    types-python-dateutil openapi-spec-validator
printf 'content_type_overrides:\n  image/svg+xml: text/html\n  application/x-ndjson: application/octet-stream\n  text/csv: application/octet-stream\n' >config.yml # types it would not know how to send or read
openapi-python-client generate --url "$url/openapi.json" --output-path generated --meta none --fail-on-warning \
    --config config.yml
printf '[mypy]\nstrict = true\n[mypy-generated.client]\nignore_errors = true\n' >mypy.ini # its own template fails, whatever the document
mypy try.py
python try.py "$url"

npm install --silent --no-fund --no-audit @hey-api/openapi-ts@0.95.0 openapi-typescript@7.13.0 \
    @apiture/openapi-down-convert@0.14.2 typescript@5.9 @types/node@22
curl -fsS "$url/openapi.json" -o openapi.json
npx openapi-ts -i openapi.json -o src -c @hey-api/client-fetch
npx openapi-typescript openapi.json -o types-of-openapi.ts
npx tsc --strict --target es2022 --module commonjs --moduleResolution node10 --outDir built --types node try.ts types.ts
node built/try.js "$url"
node built/types.js "$url"

python -m openapi_spec_validator openapi.json
python "$here/to_3_0.py" openapi.json
npx openapi-down-convert --input openapi.json --output openapi-3.0.json
python -m openapi_spec_validator openapi-3.0.json
