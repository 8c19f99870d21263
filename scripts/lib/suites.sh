# Sourced by scripts/test and .ci/run: runs named suites, keeps their counts and times, sums them up.
# A suite is a function or command whose output goes to build/test/NAME.log; it reports its counts by
# count(), and is one failed test when it ends without having counted any.

declare -i total_passed=0 total_failed=0 total_skipped=0
declare -a suite_lines=()
readonly counts_file=build/test/counts.$$  # of this process: .ci/run runs scripts/test as a suite

# count PASSED FAILED SKIPPED: adds to the running suite's counts.
count() { printf '%s %s %s\n' "$@" >> "$counts_file"; }

# Counts from a JUnit file of ctest.
count_junit() {
  [ -f "$1" ] || return 0
  local tests failed skipped
  tests=$(sed -n 's/.*[[:space:]]tests="\([0-9]*\)".*/\1/p' "$1" | head -n 1)
  failed=$(sed -n 's/.*[[:space:]]failures="\([0-9]*\)".*/\1/p' "$1" | head -n 1)
  skipped=$(sed -n 's/.*[[:space:]]skipped="\([0-9]*\)".*/\1/p' "$1" | head -n 1)
  count $((tests - failed - skipped)) "$failed" "$skipped"
}

# Counts from a TAP file of node --test.
count_tap() {
  [ -f "$1" ] || return 0
  count "$(tap_total "$1" pass)" \
    $(($(tap_total "$1" fail) + $(tap_total "$1" cancelled))) \
    $(($(tap_total "$1" skipped) + $(tap_total "$1" todo)))
}
tap_total() { sed -n "s/^# $2 \([0-9]*\)$/\1/p" "$1" | tail -n 1; }

# run_suite NAME [COMMAND...]: runs suite_NAME, or the command, and prints one line about it.
run_suite() {
  local name=$1 log=build/test/$1.log status=0 passed=0 failed=0 skipped=0 started=$SECONDS p f s
  shift
  [ $# -gt 0 ] || set -- "suite_$name"
  mkdir -p build/test
  : > "$counts_file"
  printf '%-10s ' "$name"
  # A subshell without -e: a suite decides by itself which failure ends it, and says so by its status.
  (set +e; "$@") > "$log" 2>&1 || status=$?
  while read -r p f s; do
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  done < "$counts_file"
  # Failing without a failed test, and passing without a test, are failures.
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  if [ $((passed + failed + skipped)) -eq 0 ]; then
    failed=1
    echo "no test ran" >> "$log"
  fi
  total_passed+=$passed total_failed+=$failed total_skipped+=$skipped
  local line
  line=$(printf '%5d passed %3d failed %3d skipped %5d s' "$passed" "$failed" "$skipped" \
    $((SECONDS - started)))
  printf '%s\n' "$line"
  suite_lines+=("$(printf '%-10s %s' "$name" "$line")")
  if [ "$failed" -gt 0 ]; then
    printf -- '---- %s: end of %s\n' "$name" "$log"
    tail -n "${EDGESPAN_LOG_LINES:-60}" "$log"
    printf -- '----\n'
  fi
}

# The closing summary; ends the script.
print_summary() {
  rm -f "$counts_file"
  say "summary"
  printf '%s\n' "${suite_lines[@]}"
  printf 'total time %d s\n' "$SECONDS"
  local skipped=
  [ "$total_skipped" -eq 0 ] || skipped=", $total_skipped skipped"
  printf '%d passed, %d failed%s\n' "$total_passed" "$total_failed" "$skipped"
  [ "$total_failed" -eq 0 ] && exit 0
  exit 1
}
