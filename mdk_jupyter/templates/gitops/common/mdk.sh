#!/usr/bin/env bash
# What CI does, in any CI. Written by `mdk ops init`; change it as you like.
#
#   ci/mdk.sh check                          specs are what their notebooks give; tests
#   ci/mdk.sh plan FOLDER                    what operations.yaml changes: FOLDER/plan.md, FOLDER/hashes (ENVIRONMENT HASH)
#   ci/mdk.sh apply ENVIRONMENT HASH FOLDER  exactly that plan, or a refusal: FOLDER/report.md
#   ci/mdk.sh drift FOLDER                   what changed outside of git: FOLDER/drift.md, FOLDER/drift.patch
#   ci/mdk.sh changed COMMIT                 notebooks that changed since COMMIT, one a line
#   ci/mdk.sh submit ENVIRONMENT [NOTEBOOK…] images are built and pushed to $MDK_IMAGES, and the pipelines submitted,
#                                            with $MDK_PARAMETERS, such as {alpha: 0.5, city: Oslo}
#
# Exit codes of plan and drift: 0 nothing, 2 changes; of all: 1 something is wrong, 3 a service cannot be reached.
set -euo pipefail
cd "$(dirname "$0")/.."

check() {
  git ls-files -z -- '*.ipynb' | xargs -0 -r mdk-nbconvert --check --skip-untagged --format "${MDK_FORMAT:-text}" --
  if [ -d tests ]; then python -m pytest tests; fi
}

plan() {
  local folder=$1 environment hash
  mkdir -p "$folder"
  : > "$folder/plan.md"
  : > "$folder/hashes"
  if ! told "$folder/plan.json" ops plan --format json; then
    { echo "### ❌ There is no plan"; echo; sed 's/^/    /' "$folder/plan.json.err"; } > "$folder/plan.md"
    return "$CODE"
  fi
  if [ "$CODE" = 0 ]; then
    echo "Nothing to do: all is as \`operations.yaml\` says." | tee "$folder/plan.md"
    return
  fi
  # Each environment is applied by itself, so each has a plan by itself.
  for environment in $(jq -r '.environments[].environment' "$folder/plan.json"); do
    told "$folder/$environment.json" ops plan --env "$environment" --format json --out "$folder/$environment.md" || return "$CODE"
    hash=$(jq -er .hash "$folder/$environment.json")
    echo "$environment $hash" >> "$folder/hashes"
    { cat "$folder/$environment.md"; echo; } >> "$folder/plan.md"
  done
  cat "$folder/plan.md"
  return 2
}

apply() {
  local environment=$1 hash=$2 folder=$3
  mkdir -p "$folder"
  mdk ops apply --env "$environment" --plan "$hash" --report "$folder/report.md"
}

drift() {
  local folder=$1
  mkdir -p "$folder"
  told "$folder/drift.md" ops drift --format markdown --patch "$folder/drift.patch" || return "$CODE"
  cat "$folder/drift.md"
  return "$CODE"
}

changed() {
  local before=$1
  if ! git cat-file -e "$before^{commit}" 2> /dev/null; then before=HEAD^; fi
  git diff --name-only -z --relative --diff-filter=d "$before" HEAD -- '*.ipynb' '*.pipeline.yaml' |
    while IFS= read -r -d '' path; do
      path="${path%.pipeline.yaml}"
      path="${path%.ipynb}"
      # A notebook without a committed spec is not meant to be run.
      if [ -f "$path.ipynb" ] && [ -f "$path.pipeline.yaml" ]; then echo "$path.ipynb"; fi
    done | sort -u
}

submit() {
  local environment=$1 folder notebook image tag
  local images=() parameters=()
  shift
  if [ $# = 0 ]; then
    echo "no notebook to submit"
    return
  fi
  mdk-nbconvert --check -- "$@"
  if [ -n "${MDK_IMAGES:-}" ]; then
    mdk build "$@" --output images > /dev/null
    for folder in images/*/; do
      if [ ! -f "$folder/Dockerfile" ]; then continue; fi
      # The tag is what the image is made from: what is there already is not built again.
      tag="$MDK_IMAGES/$(basename "$folder"):$(cat "$folder/Dockerfile" "$folder/requirements.txt" | sha256sum | cut -c 1-16)"
      if ! digest "$tag" > /dev/null 2>&1; then
        docker build --tag "$tag" "$folder"
        docker push "$tag"
      fi
      image="${tag%:*}@$(digest "$tag")"
      images+=(--image "$(basename "$folder")=$image")
    done
  fi
  if [ -n "${MDK_PARAMETERS:-}" ]; then
    parameters=(--params "$(mktemp --suffix .yaml)")
    printf '%s\n' "$MDK_PARAMETERS" > "${parameters[1]}"
  fi
  for notebook in "$@"; do
    mdk submit "$notebook" --env "$environment" --yes "${images[@]}" "${parameters[@]}"
  done
}

# The digest of an image in its registry, which is that of its manifest.
digest() {
  docker buildx imagetools inspect --raw "$1" | sha256sum | sed 's/ .*//; s/^/sha256:/'
}

# Run mdk with its answer in a file: true for exit codes 0 and 2. CODE is the exit code.
told() {
  local file=$1
  shift
  CODE=0
  mdk "$@" > "$file" 2> "$file.err" || CODE=$?
  cat "$file.err" >&2
  [ "$CODE" = 0 ] || [ "$CODE" = 2 ]
}

case "${1:-}" in
  check | plan | apply | drift | changed | submit) "$@" ;;
  *)
    sed -n '2,/^set/{/^#/p;}' "$0" >&2
    exit 2
    ;;
esac
